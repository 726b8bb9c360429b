/** Photos without the place where they were taken, whatever their type: bytes in, bytes out. */

import { gifWithoutLocation } from "./gif.js";
import { heifWithoutLocation } from "./heif.js";
import { jpegWithoutLocation } from "./jpeg.js";
import { pngWithoutLocation } from "./png.js";
import { webpWithoutLocation } from "./webp.js";

/** @type {Record<string, (bytes: Uint8Array) => Uint8Array[] | undefined>} */
const REMOVERS = {
  "image/jpeg": jpegWithoutLocation,
  "image/png": pngWithoutLocation,
  "image/gif": gifWithoutLocation,
  "image/webp": webpWithoutLocation,
  "image/heic": heifWithoutLocation,
  "image/heif": heifWithoutLocation,
  "image/avif": heifWithoutLocation,
};

/**
 * The parts of a photo without its location, to be put together in this order.
 *
 * @param {string} type @param {Uint8Array} bytes
 * @returns {Uint8Array[] | undefined} undefined where it can't be taken apart
 */
export const withoutLocation = (type, bytes) => REMOVERS[type]?.(bytes);
