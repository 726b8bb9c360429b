/**
 * HEIC and AVIF photos without what describes them. Their picture is found by its place in the
 * file, so nothing moves: what isn't picture is overwritten where it stands.
 */

import { bytesOf, exifOf, latin1, orientationOf, viewOf } from "./exif.js";

/** @typedef {{ name: string, at: number, start: number, end: number }} Box */
/** @typedef {{ start: number, end: number }} Extent */

const TOP = ["ftyp", "meta", "mdat", "moov", "free", "skip"];
const PICTURES = /^(hvc1|hev1|av01|avc1|vvc1|j2k1|unci|grid|iovl|iden|tmap)$/;
const TRACKS = ["pict", "auxv", "vide"];
// What a film may hold, down to where its handler and its descriptions stand.
const CONTAINERS = ["moov", "trak", "mdia"];
const NO_XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"/>';

/** A file that this module can't take apart. */
class Strange extends Error {}

/**
 * @param {Uint8Array} bytes
 * @returns {Uint8Array[] | undefined} undefined where it can't be taken apart
 */
export function heifWithoutLocation(bytes) {
  try {
    const top = topBoxes(bytes);
    const copy = bytes.slice(0, top.at(-1)?.end);
    /** @type {Extent[]} */
    const used = [];
    for (const box of top) used.push(...clean(copy, box));
    // What a film uses of its data, only its tables tell.
    if (!top.some(({ name }) => name === "moov")) {
      for (const box of top) if (box.name === "mdat") clearUnused(copy, box, used);
    }
    return [copy];
  } catch (error) {
    if (error instanceof Strange || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The boxes up to where a phone has appended a film or what only its maker reads.
 *  @param {Uint8Array} bytes */
function topBoxes(bytes) {
  const boxes = boxesOf(bytes, 0, bytes.length, true);
  const second = boxes.findIndex(({ name }, at) => at > 0 && name === "ftyp");
  const first = second < 0 ? boxes : boxes.slice(0, second);
  if (first[0]?.name !== "ftyp" || !first.some(({ name }) => name === "meta")) throw new Strange();
  return first;
}

/**
 * @param {Uint8Array} bytes @param {number} from @param {number} to
 * @param {boolean} [loose] whether something else may stand behind the last box
 * @returns {Box[]}
 */
function boxesOf(bytes, from, to, loose = false) {
  const view = viewOf(bytes);
  /** @type {Box[]} */
  const boxes = [];
  for (let at = from; at + 8 <= to; at = boxes[boxes.length - 1].end) {
    const name = latin1(bytes.subarray(at + 4, at + 8));
    let [start, size] = [at + 8, view.getUint32(at)];
    if (size === 1) [start, size] = [at + 16, Number(view.getBigUint64(at + 8))];
    const end = size === 0 ? to : at + size;
    const fits = end >= start && end <= to && /^[\x20-\x7e\xa9]{4}$/.test(name);
    if (!fits && loose && boxes.length > 0) break;
    if (!fits) throw new Strange();
    boxes.push({ name, at, start, end });
  }
  return boxes;
}

/** What is left of a box, and which places in the file its items use.
 *  @param {Uint8Array} bytes @param {Box} box @returns {Extent[]} */
function clean(bytes, box) {
  if (box.name === "meta") return cleanItems(bytes, box);
  if (box.name === "moov") cleanFilm(bytes, box);
  else if (!TOP.includes(box.name) || box.name === "free" || box.name === "skip") {
    discard(bytes, box);
  }
  return [];
}

/** Overwrites what no item uses, such as descriptions that a program has only struck off the list.
 *  @param {Uint8Array} bytes @param {Box} box @param {Extent[]} used */
function clearUnused(bytes, box, used) {
  let at = box.start;
  for (const { start, end } of [...used].sort((one, other) => one.start - other.start)) {
    if (start > at) bytes.fill(0, at, Math.min(start, box.end));
    // No length means all that follows.
    if (start >= box.start) at = Math.max(at, end > start ? end : box.end);
  }
  if (at < box.end) bytes.fill(0, at, box.end);
}

/** Leaves the space that a box takes. @param {Uint8Array} bytes @param {Box} box */
function discard(bytes, { at, start, end }) {
  bytes.set(bytesOf("free"), at + 4);
  bytes.fill(0, start, end);
}

/** A film's tracks hold pictures, or else the file is refused. @param {Uint8Array} bytes
 *  @param {Box} box */
function cleanFilm(bytes, { start, end }) {
  for (const box of boxesOf(bytes, start, end)) {
    if (["udta", "meta", "uuid"].includes(box.name)) discard(bytes, box);
    else if (CONTAINERS.includes(box.name)) cleanFilm(bytes, box);
    else if (box.name === "hdlr") {
      const kind = latin1(bytes.subarray(box.start + 8, box.start + 12));
      if (!TRACKS.includes(kind)) throw new Strange();
    }
  }
}

/** @param {Uint8Array} bytes @param {Box} meta @returns {Extent[]} */
function cleanItems(bytes, meta) {
  const boxes = boxesOf(bytes, meta.start + 4, meta.end);
  const [kinds, places, data, properties] = ["iinf", "iloc", "idat", "iprp"].map((name) =>
    boxes.find((box) => box.name === name),
  );
  if (!kinds || !places) throw new Strange();
  const others = itemsBeside(bytes, kinds);
  const items = placesOf(bytes, places, data);
  for (const { id, extents } of items) {
    const kind = others.get(id);
    if (kind !== undefined) overwrite(bytes, kind, extents);
  }
  if (properties) cleanProperties(bytes, properties);
  for (const box of boxes) {
    if (["uuid", "free", "skip", "udta"].includes(box.name)) discard(bytes, box);
  }
  return items.flatMap(({ extents }) => extents);
}

/** Descriptions among the picture's properties. @param {Uint8Array} bytes @param {Box} box */
function cleanProperties(bytes, { start, end }) {
  const container = boxesOf(bytes, start, end).find(({ name }) => name === "ipco");
  if (!container) return;
  for (const box of boxesOf(bytes, container.start, container.end)) {
    if (box.name === "uuid") bytes.fill(0, Math.min(box.end, box.start + 16), box.end);
    if (box.name === "udes") bytes.fill(0, Math.min(box.end, box.start + 4), box.end);
  }
}

/** The items that aren't pictures, by their ids. @param {Uint8Array} bytes @param {Box} box
 *  @returns {Map<number, string>} */
function itemsBeside(bytes, { start, end }) {
  const view = viewOf(bytes);
  const first = start + (bytes[start] === 0 ? 6 : 8);
  const others = new Map();
  for (const entry of boxesOf(bytes, first, end)) {
    const version = bytes[entry.start];
    if (entry.name !== "infe" || version < 2 || version > 3) throw new Strange();
    const id = version === 2 ? view.getUint16(entry.start + 4) : view.getUint32(entry.start + 4);
    const at = entry.start + (version === 2 ? 8 : 10);
    const kind = latin1(bytes.subarray(at, at + 4));
    // A JPEG inside could hold a place of its own.
    if (kind === "jpeg") throw new Strange();
    if (!PICTURES.test(kind)) others.set(id, kind);
  }
  return others;
}

/** Where each item's bytes lie. @param {Uint8Array} bytes @param {Box} box
 *  @param {Box | undefined} data where items inside the box of descriptions lie */
function placesOf(bytes, box, data) {
  const read = reader(bytes, box);
  const version = read(1);
  read(3);
  const sizes = read(2);
  const [offset, length, base, index] = [12, 8, 4, 0].map((shift) => (sizes >> shift) & 15);
  const places = [];
  for (let left = read(version < 2 ? 2 : 4); left > 0; left--) {
    const id = read(version < 2 ? 2 : 4);
    const method = version === 0 ? 0 : read(2) & 15;
    read(2);
    const origin = read(base) + originOf(method, data);
    const extents = [];
    for (let more = read(2); more > 0; more--) {
      if (version > 0) read(index);
      const start = origin + read(offset);
      extents.push({ start, end: start + read(length) });
    }
    places.push({ id, extents });
  }
  return places;
}

/** @param {number} method @param {Box | undefined} data */
function originOf(method, data) {
  if (method === 0) return 0;
  // An item made of another item's bytes: the picture's own grids never are, so refuse when asked.
  return method === 1 && data ? data.start : Number.NaN;
}

/** Numbers of so many bytes, one after the other. @param {Uint8Array} bytes @param {Box} box */
function reader(bytes, { start, end }) {
  let at = start;
  return (/** @type {number} */ size) => {
    if (at + size > end) throw new Strange();
    let value = 0;
    for (const stop = at + size; at < stop; at++) value = value * 256 + bytes[at];
    return value;
  };
}

/** @param {Uint8Array} bytes @param {string} kind @param {Extent[]} extents */
function overwrite(bytes, kind, extents) {
  for (const { start, end } of extents) {
    if (!(start >= 0 && end > start && end <= bytes.length)) throw new Strange();
  }
  const filler = kind === "Exif" ? exifIn(bytes, extents) : bytesOf(NO_XMP);
  const fits = extents.length === 1 && filler.length <= extents[0].end - extents[0].start;
  for (const { start, end } of extents) bytes.fill(kind === "mime" ? 0x20 : 0, start, end);
  if (fits && (kind === "Exif" || kind === "mime")) bytes.set(filler, extents[0].start);
}

/** An Exif item that tells the orientation only. @param {Uint8Array} bytes
 *  @param {Extent[]} extents */
function exifIn(bytes, [{ start, end }]) {
  const tiff = start + 4 + viewOf(bytes).getUint32(start);
  const orientation = (tiff < end && orientationOf(bytes.subarray(tiff, end))) || 1;
  return Uint8Array.from([0, 0, 0, 0, ...exifOf(orientation)]);
}
