/** The photos of this tab: which there are, and their bytes. */

import { pause } from "./backoff.js";
import { isImage } from "./images.js";

/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./session.js").Upload} Upload */
/**
 * @typedef {object} Picture
 * @property {number} number from 1, over all codes of this tab
 * @property {Upload} upload
 * @property {Blob} [bytes]
 * @property {string} [url] of the bytes
 * @property {boolean} [blank] the browser can't show it
 */

const LANES = 2;

/** Whether a picture can be shown and saved. @param {Picture} picture */
export const isHere = ({ url }) => url !== undefined;

/**
 * The pictures with what the session says of them; those of earlier codes stay.
 *
 * @param {Picture[]} old @param {Session} session @returns {Picture[]}
 */
export function withUploads(old, { uploads }) {
  const known = old.map((picture) => {
    const upload = uploads.find(({ id }) => id === picture.upload.id);
    return upload ? Object.assign(picture, { upload }) : picture;
  });
  const fresh = uploads.filter(({ id }) => !known.some(({ upload }) => upload.id === id));
  const numbered = fresh.map((upload, at) => ({ number: known.length + at + 1, upload }));
  return [...known, ...numbered];
}

/**
 * Gets each stored picture once, two at a time; it is shown and saved from memory.
 *
 * @param {(upload: Upload) => Promise<string | undefined>} locate a URL of its bytes
 * @param {() => void} onChange
 */
export function startFetching(locate, onChange) {
  const fetching = new Set();
  let stopped = false;

  /** @param {Picture[]} pictures of the session whose uploads `locate` knows */
  async function follow(pictures) {
    const next = pictures.find((picture) => isDue(picture) && !fetching.has(picture.upload.id));
    if (!next || stopped || fetching.size >= LANES) return;
    fetching.add(next.upload.id);
    for (let failures = 1; !stopped && isDue(next); failures++) {
      const url = await locate(next.upload);
      const bytes = url ? await load(url, next.upload) : undefined;
      if (bytes) Object.assign(next, { bytes, url: URL.createObjectURL(bytes) });
      else await pause(failures);
    }
    fetching.delete(next.upload.id);
    if (stopped) return;
    onChange();
    follow(pictures);
  }

  return {
    follow,
    stop() {
      stopped = true;
    },
  };
}

/** @param {Picture} picture */
const isDue = ({ upload, url }) => upload.status === "STORED" && !url;

/** @param {string} url @param {Upload} upload */
async function load(url, { contentType }) {
  try {
    const answer = await fetch(url, { cache: "no-store" });
    if (!answer.ok) return undefined;
    const type = isImage(contentType) ? contentType : "application/octet-stream";
    return new Blob([await answer.arrayBuffer()], { type });
  } catch {
    return undefined;
  }
}
