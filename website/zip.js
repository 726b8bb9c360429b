/** A zip of files as they are: photos are compressed already. Format: PKWARE's APPNOTE 6.3. */

/** @typedef {{ name: string, content: Blob }} Entry */

// Without the format's later extension for larger ones.
export const MOST_BYTES = 0xffff_ffff;

const IN_UTF8 = 0x0800;
const VERSION = 20;

const TABLE = Uint32Array.from({ length: 256 }, (_, at) => {
  let value = at;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  return value;
});

/** @param {Uint8Array} bytes */
export function crc32(bytes) {
  let value = 0xffff_ffff;
  for (const byte of bytes) value = (value >>> 8) ^ TABLE[(value ^ byte) & 0xff];
  return ~value >>> 0;
}

/**
 * @param {Entry[]} entries with distinct names
 * @param {Date} date that each file gets, in this computer's own time as the format has it
 * @returns {Promise<Blob>}
 */
export async function zip(entries, date) {
  /** @type {BlobPart[]} */
  const parts = [];
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const directory = [];
  let at = 0;
  for (const { name, content } of entries) {
    const crc = crc32(new Uint8Array(await content.arrayBuffer()));
    const title = new TextEncoder().encode(name);
    const common = [...stamp(date), [4, crc], [4, content.size], [4, content.size]];
    const sizes = [...common, [2, title.length], [2, 0]];
    const flags = [[2, VERSION], [2, IN_UTF8], [2, 0], ...sizes];
    const head = record([[4, 0x04034b50], ...flags], title);
    const place = [
      [2, 0],
      [2, 0],
      [2, 0],
      [4, 0],
      [4, at],
    ];
    directory.push(record([[4, 0x02014b50], [2, VERSION], ...flags, ...place], title));
    parts.push(head, content);
    at += head.length + content.size;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const counts = [
    [2, 0],
    [2, 0],
    [2, entries.length],
    [2, entries.length],
  ];
  const end = record([[4, 0x06054b50], ...counts, [4, size], [4, at], [2, 0]]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

/** Time and day in the two 16-bit fields of MS-DOS. @param {Date} date */
function stamp(date) {
  const time = (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1);
  const day = ((date.getFullYear() - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate();
  return [
    [2, time],
    [2, day],
  ];
}

/** Little-endian fields of so many bytes, and what follows them.
 *  @param {number[][]} fields @param {Uint8Array} [rest] */
function record(fields, rest = new Uint8Array()) {
  const bytes = fields.flatMap(([length, value]) =>
    Array.from({ length }, (_, at) => (value >>> (8 * at)) & 0xff),
  );
  const made = new Uint8Array(bytes.length + rest.length);
  made.set(bytes);
  made.set(rest, bytes.length);
  return made;
}
