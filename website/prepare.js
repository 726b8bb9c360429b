/** A chosen file as it will be sent: read once, since it may change or go while it waits. */

import { digestOf } from "./digest.js";
import { HEAD_BYTES, typeOf } from "./images.js";
import { withoutLocation } from "./location.js";
import { shortName } from "./names.js";

// A phone appends films and previews to a photo, which are left out: look at what remains.
const MOST_READ = 4;
// A file that is in a cloud comes when it is read; some never do.
const PATIENCE = 120_000;
const WITH_FILMS = ["image/jpeg", "image/heic", "image/heif"];

/**
 * @param {File} file
 * @param {{ maxBytes: number, types: string[], removeLocation: boolean }} rules
 * @returns {Promise<import("./sending.js").Prepared>} or an Error named by the problem
 */
export async function prepare(file, { maxBytes, types, removeLocation }) {
  const type = typeOf(await read(file.slice(0, HEAD_BYTES)));
  if (!type || !types.includes(type)) throw new Error("wrongType");
  const shrinks = removeLocation && WITH_FILMS.includes(type);
  if (file.size > maxBytes * (shrinks ? MOST_READ : 1)) throw new Error("tooLarge");
  const bytes = await read(file);
  const parts = removeLocation ? withoutLocation(type, bytes) : [bytes];
  if (!parts) throw new Error(file.size > maxBytes ? "tooLarge" : "locationStays");
  const body = new Blob(/** @type {BlobPart[]} */ (parts), { type });
  if (body.size > maxBytes) throw new Error("tooLarge");
  return { body, type, digest: digestOf(parts), name: shortName(file.name) ?? "" };
}

/** @param {Blob} blob */
async function read(blob) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(reject, PATIENCE);
  });
  const bytes = await Promise.race([blob.arrayBuffer(), late]).catch(() => undefined);
  clearTimeout(timer);
  if (!bytes?.byteLength) throw new Error("unreadable");
  return new Uint8Array(bytes);
}
