/** What a file is, by its first bytes: the name and the browser's word for it may be wrong. */

export const HEAD_BYTES = 4096;

const HEIC = ["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"];

/**
 * The image type, or undefined where it is none that may be sent.
 *
 * @param {Uint8Array} head
 * @returns {string | undefined}
 */
export function typeOf(head) {
  const text = String.fromCharCode(...head.subarray(0, 16));
  if (text.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (text.startsWith("\x89PNG\r\n\x1a\n")) return "image/png";
  if (/^GIF8[79]a/.test(text)) return "image/gif";
  if (/^RIFF.{4}WEBP/s.test(text)) return "image/webp";
  return text.slice(4, 8) === "ftyp" ? fromBrands(brands(head)) : undefined;
}

/** The brands of the box that an ISO media file begins with. @param {Uint8Array} head */
function brands(head) {
  const length = new DataView(head.buffer, head.byteOffset).getUint32(0);
  const text = String.fromCharCode(...head.subarray(8, Math.min(length, HEAD_BYTES)));
  const all = text.match(/.{4}/gs) ?? [];
  return all.filter((_, at) => at !== 1);
}

/** @param {string[]} found */
function fromBrands(found) {
  if (found.some((brand) => brand === "avif" || brand === "avis")) return "image/avif";
  if (found.some((brand) => HEIC.includes(brand))) return "image/heic";
  return found.some((brand) => /^(mif1|mif2|msf1)$/.test(brand)) ? "image/heif" : undefined;
}
