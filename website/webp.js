/** WebP photos without what describes them. */

import { bytesOf, exifOf, latin1, orientationOf, viewOf } from "./exif.js";

const KEPT = ["VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "ICCP"];
const EXIF_FLAG = 0x08;
const XMP_FLAG = 0x04;
const FRAME_HEADER = 16;

/** @typedef {{ name: string, body: Uint8Array }} Chunk */

/**
 * @param {Uint8Array} bytes
 * @returns {Uint8Array[] | undefined} undefined where it can't be taken apart
 */
export function webpWithoutLocation(bytes) {
  if (!/^RIFF.{4}WEBP/s.test(latin1(bytes.subarray(0, 12)))) return undefined;
  const end = Math.min(bytes.length, 8 + viewOf(bytes).getUint32(4, true));
  const chunks = chunksOf(bytes.subarray(12, end));
  if (!chunks?.some(({ name }) => /^(VP8[ L]|ANMF)$/.test(name))) return undefined;
  const told = chunks.find(({ name }) => name === "EXIF");
  const orientation = (told && orientationOf(tiffOf(told.body))) ?? 1;
  const parts = chunks.filter(({ name }) => KEPT.includes(name)).flatMap(cleaned);
  return file(flagged(parts, orientation !== 1), orientation);
}

/** Some programs write the head of a JPEG's segment before it. @param {Uint8Array} body */
const tiffOf = (body) => body.subarray(latin1(body.subarray(0, 6)) === "Exif\0\0" ? 6 : 0);

/** @param {Uint8Array} bytes @returns {Chunk[] | undefined} */
function chunksOf(bytes) {
  const chunks = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = viewOf(bytes).getUint32(at + 4, true);
    if (at + 8 + size > bytes.length) return undefined;
    const name = latin1(bytes.subarray(at, at + 4));
    chunks.push({ name, body: bytes.subarray(at + 8, at + 8 + size) });
    at += 8 + size + (size % 2);
  }
  return chunks;
}

/** A frame of an animation has chunks of its own. @param {Chunk} chunk @returns {Chunk[]} */
function cleaned({ name, body }) {
  if (name !== "ANMF") return [{ name, body }];
  const inside = chunksOf(body.subarray(FRAME_HEADER))?.filter((one) => KEPT.includes(one.name));
  if (!inside) return [];
  return [{ name, body: joined([body.subarray(0, FRAME_HEADER), ...inside.flatMap(written)]) }];
}

/** The header says which of the other chunks there are. @param {Chunk[]} chunks
 *  @param {boolean} turned */
function flagged(chunks, turned) {
  return chunks.map(({ name, body }) => {
    if (name !== "VP8X") return { name, body };
    const flags = (body[0] & ~(EXIF_FLAG | XMP_FLAG)) | (turned ? EXIF_FLAG : 0);
    return { name, body: Uint8Array.from([flags, ...body.subarray(1)]) };
  });
}

/** @param {Chunk[]} chunks @param {number} orientation */
function file(chunks, orientation) {
  const extended = chunks[0]?.name === "VP8X" && orientation !== 1;
  const exif = extended ? [{ name: "EXIF", body: exifOf(orientation) }] : [];
  const parts = [...chunks, ...exif].flatMap(written);
  const head = bytesOf("RIFF....WEBP");
  viewOf(head).setUint32(4, 4 + parts.reduce((sum, { length }) => sum + length, 0), true);
  return [head, ...parts];
}

/** @param {Chunk} chunk */
function written({ name, body }) {
  const head = bytesOf(`${name}....`);
  viewOf(head).setUint32(4, body.length, true);
  return [head, body, new Uint8Array(body.length % 2)];
}

/** @param {Uint8Array[]} parts */
function joined(parts) {
  const made = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    made.set(part, at);
    at += part.length;
  }
  return made;
}
