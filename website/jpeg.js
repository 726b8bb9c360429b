/**
 * Photos without the place where they were taken: a JPEG's picture is copied byte for byte, what
 * describes it is left out. Pure: bytes in, bytes out.
 */

import { bytesOf, exifOf, latin1, orientationOf } from "./exif.js";

const EXIF = "Exif\0\0";
const FORMAT = "JFIF\0";
const COLOURS = "Adobe";
const PROFILE = "ICC_PROFILE\0";

/**
 * The parts of a JPEG that make its picture, to be put together in this order: no Exif but the
 * orientation, no XMP, no IPTC, no comments, and nothing behind the picture's end, where phones
 * put previews, depth maps and films with location data of their own.
 *
 * @param {Uint8Array} bytes
 * @returns {Uint8Array[] | undefined} undefined where it can't be taken apart
 */
export function jpegWithoutLocation(bytes) {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined;
  const parts = [];
  let orientation = 1;
  let at = 2;
  for (;;) {
    while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at += 1;
    const marker = bytes[at + 1];
    const end = segmentEnd(bytes, at);
    if (end === undefined) return undefined;
    const segment = bytes.subarray(at, end);
    if (isExif(segment)) orientation = orientationOf(segment.subarray(10)) ?? orientation;
    else if (makesPicture(marker, segment)) parts.push(bare(segment));
    if (marker === 0xd9) break;
    at = end;
    if (marker === 0xda) {
      at = scanEnd(bytes, end);
      parts.push(bytes.subarray(end, at));
      if (at >= bytes.length) break;
    }
  }
  const [first, ...rest] = oriented(parts, orientation);
  // Firefox decodes no blob whose first part is shorter than the three bytes that tell a JPEG.
  return [Uint8Array.from([0xff, 0xd8, ...first]), ...rest];
}

/** Where the segment that begins here ends. @param {Uint8Array} bytes @param {number} at */
function segmentEnd(bytes, at) {
  const marker = bytes[at + 1];
  if (bytes[at] !== 0xff || marker === undefined || marker === 0) return undefined;
  if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd9)) return at + 2;
  const length = (bytes[at + 2] << 8) | bytes[at + 3];
  const end = at + 2 + length;
  return length >= 2 && end <= bytes.length ? end : undefined;
}

/** Where the coded picture ends: at the next marker that isn't part of it.
 *  @param {Uint8Array} bytes @param {number} start */
function scanEnd(bytes, start) {
  for (let at = bytes.indexOf(0xff, start); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    const inside = next === 0 || next === 0xff || (next >= 0xd0 && next <= 0xd7);
    if (!inside && next !== undefined) return at;
  }
  return bytes.length;
}

/** Of the application's segments only the format, the colours and their transformation count, and
 *  of all others those that a decoder reads.
 *  @param {number} marker @param {Uint8Array} segment */
function makesPicture(marker, segment) {
  if (marker === 0xe0) return startsWith(segment, FORMAT);
  if (marker === 0xe2) return startsWith(segment, PROFILE);
  if (marker === 0xee) return startsWith(segment, COLOURS);
  return marker >= 0xc0 && marker <= 0xdd && ![0xc8, 0xd8, 0xdc].includes(marker);
}

/** The format and the colours without a preview, or whatever else follows them.
 *  @param {Uint8Array} segment */
function bare(segment) {
  const length = segment[1] === 0xe0 ? 18 : 16;
  if ((segment[1] !== 0xe0 && segment[1] !== 0xee) || segment.length <= length) return segment;
  const [marker, rest] = [segment.subarray(0, 2), segment.subarray(4, 16)];
  return Uint8Array.from([...marker, 0, length - 2, ...rest, 0, 0].slice(0, length));
}

/** @param {Uint8Array} segment @param {string} text */
function startsWith(segment, text) {
  return latin1(segment.subarray(4, 4 + text.length)) === text;
}

/** @param {Uint8Array} segment */
const isExif = (segment) => segment[1] === 0xe1 && startsWith(segment, EXIF);

/** @param {Uint8Array[]} parts @param {number} orientation */
function oriented(parts, orientation) {
  if (orientation === 1) return parts;
  const after = parts[0]?.[1] === 0xe0 ? 1 : 0;
  return [...parts.slice(0, after), segmentOf(orientation), ...parts.slice(after)];
}

/** An Exif segment that holds nothing but the orientation. @param {number} orientation */
function segmentOf(orientation) {
  return Uint8Array.from([0xff, 0xe1, 0, 34, ...bytesOf(EXIF), ...exifOf(orientation)]);
}
