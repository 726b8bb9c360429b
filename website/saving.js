/** Saves photos from memory: one, or all in one zip. */

import { distinct, savedName } from "./names.js";
import { isHere } from "./pictures.js";
import { MOST_BYTES, zip } from "./zip.js";

/** @typedef {import("./pictures.js").Picture} Picture */

/** The names under which pictures are saved. @param {Picture[]} pictures */
export function namesOf(pictures) {
  return distinct(
    pictures.map(({ number, upload }) => savedName(upload.name, upload.contentType, number)),
  );
}

/** @param {Picture} picture @param {Picture[]} pictures among which its name is its own */
export function save(picture, pictures) {
  if (picture.url) offer(picture.url, namesOf(pictures)[pictures.indexOf(picture)]);
}

/** All pictures in one zip; one by one where a zip can't hold them, or the browser can't make it.
 *  @param {Picture[]} pictures */
export async function saveAll(pictures) {
  const here = pictures.filter(isHere);
  const names = namesOf(pictures);
  const entries = here.map((picture) => ({
    name: names[pictures.indexOf(picture)],
    content: /** @type {Blob} */ (picture.bytes),
  }));
  const size = entries.reduce(
    (sum, { name, content }) => sum + content.size + 400 + name.length,
    0,
  );
  const now = new Date();
  const packed = size > MOST_BYTES ? undefined : await zip(entries, now).catch(() => undefined);
  if (!packed) return here.forEach((picture) => void save(picture, pictures));
  const url = URL.createObjectURL(packed);
  const day = [now.getFullYear(), now.getMonth() + 1, now.getDate()];
  offer(url, `photos-${day.map((part) => String(part).padStart(2, "0")).join("-")}.zip`);
  // The browser reads it after the click, and takes its time.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** @param {string} url @param {string} name */
function offer(url, name) {
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = name;
  anchor.click();
}
