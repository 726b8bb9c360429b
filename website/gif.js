/** GIF pictures without comments and without what programs have written into them. */

import { latin1 } from "./exif.js";

// How often an animation runs, and its colours; other applications' blocks may hold anything.
const KEPT = ["NETSCAPE2.0", "ANIMEXTS1.0", "ICCRGBG1012"];

/**
 * @param {Uint8Array} bytes
 * @returns {Uint8Array[] | undefined} undefined where it can't be taken apart
 */
export function gifWithoutLocation(bytes) {
  if (!/^GIF8[79]a/.test(latin1(bytes.subarray(0, 6)))) return undefined;
  let at = 13 + tableSize(bytes[10]);
  const parts = [bytes.subarray(0, at)];
  while (at < bytes.length) {
    if (bytes[at] === 0x3b) return [...parts, bytes.subarray(at, at + 1)];
    const end = blockEnd(bytes, at);
    if (end === undefined) return undefined;
    if (isRepetition(bytes, at)) parts.push(bytes.subarray(at, at + 18), Uint8Array.of(0));
    else if (makesPicture(bytes, at)) parts.push(bytes.subarray(at, end));
    at = end;
  }
  return undefined;
}

/** The bytes of a table of colours. @param {number} flags */
const tableSize = (flags) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);

/** Where an image or an extension ends. @param {Uint8Array} bytes @param {number} at */
function blockEnd(bytes, at) {
  let end = at + 2;
  if (bytes[at] === 0x2c) end = at + 11 + tableSize(bytes[at + 9]);
  else if (bytes[at] !== 0x21) return undefined;
  while (bytes[end] > 0) end += 1 + bytes[end];
  return bytes[end] === 0 ? end + 1 : undefined;
}

/** How often an animation runs, behind which anything may follow.
 *  @param {Uint8Array} bytes @param {number} at */
const isRepetition = (bytes, at) =>
  makesPicture(bytes, at) && bytes[at + 1] === 0xff && bytes[at + 14] === 3;

/** @param {Uint8Array} bytes @param {number} at */
function makesPicture(bytes, at) {
  if (bytes[at] === 0x2c || bytes[at + 1] === 0xf9) return true;
  return bytes[at + 1] === 0xff && KEPT.includes(latin1(bytes.subarray(at + 3, at + 14)));
}
