/** A chosen file as it will be sent. */

import { HEAD_BYTES, typeOf } from "./images.js";
import { withoutLocation } from "./jpeg.js";

// A phone appends films and previews to a photo, which are left out: look at what remains.
const MOST_READ = 4;

/**
 * @param {File} file
 * @param {{ maxBytes: number, types: string[], removeLocation: boolean }} rules
 * @returns {Promise<{ body: Blob, type: string, note?: string }>} or an Error named by the problem
 */
export async function prepare(file, { maxBytes, types, removeLocation }) {
  if (file.size === 0) throw new Error("unreadable");
  const head = await bytes(file.slice(0, HEAD_BYTES));
  const type = typeOf(head);
  if (!type || !types.includes(type)) throw new Error("wrongType");
  const strip = removeLocation && type === "image/jpeg";
  if (file.size > maxBytes * (strip ? MOST_READ : 1)) throw new Error("tooLarge");
  const body = strip ? await stripped(file) : file;
  if (body.size > maxBytes) throw new Error("tooLarge");
  return { body, type, note: removeLocation && !strip ? "keepsLocation" : undefined };
}

/** @param {File} file */
async function stripped(file) {
  const parts = withoutLocation(await bytes(file));
  if (!parts) throw new Error("locationStays");
  return new Blob(/** @type {BlobPart[]} */ (parts), { type: "image/jpeg" });
}

/** @param {Blob} blob */
async function bytes(blob) {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch {
    throw new Error("unreadable");
  }
}
