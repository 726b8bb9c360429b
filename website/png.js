/** PNG photos without what describes them: chunks that make the picture are copied as they are. */

import { bytesOf, exifOf, latin1, orientationOf, viewOf } from "./exif.js";

const SIGNATURE = "\x89PNG\r\n\x1a\n";
// The picture, its colours, its size on paper, and the frames of an animation.
const KEPT = new Set(
  ["IHDR PLTE IDAT tRNS", "cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD pHYs"]
    .concat("acTL fcTL fdAT")
    .flatMap((names) => names.split(" ")),
);

/**
 * @param {Uint8Array} bytes
 * @returns {Uint8Array[] | undefined} undefined where it can't be taken apart
 */
export function pngWithoutLocation(bytes) {
  if (latin1(bytes.subarray(0, 8)) !== SIGNATURE) return undefined;
  const view = viewOf(bytes);
  const parts = [bytes.subarray(0, 8)];
  let orientation = 1;
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 12 + view.getUint32(at);
    if (end > bytes.length) return undefined;
    const name = latin1(bytes.subarray(at + 4, at + 8));
    if (name === "eXIf") orientation = orientationOf(bytes.subarray(at + 8, end - 4)) ?? 1;
    if (name === "IEND") return [...oriented(parts, orientation), chunk(name, new Uint8Array())];
    if (KEPT.has(name)) parts.push(bytes.subarray(at, end));
    at = end;
  }
  return undefined;
}

/** The orientation stands right behind the header. @param {Uint8Array[]} parts
 *  @param {number} orientation */
function oriented(parts, orientation) {
  if (orientation === 1) return parts;
  return [...parts.slice(0, 2), chunk("eXIf", exifOf(orientation)), ...parts.slice(2)];
}

/** @param {string} name @param {Uint8Array} body */
function chunk(name, body) {
  const made = new Uint8Array(12 + body.length);
  made.set(bytesOf(name), 4);
  made.set(body, 8);
  viewOf(made).setUint32(0, body.length);
  viewOf(made).setUint32(8 + body.length, crc(made.subarray(4, 8 + body.length)));
  return made;
}

/** The checksum of a chunk. @param {Uint8Array} bytes */
function crc(bytes) {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return ~sum >>> 0;
}
