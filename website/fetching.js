/** Gets the photos' bytes: they are shown and saved from memory. */

import { pause } from "./backoff.js";
import { isImage } from "./endings.js";

/** @typedef {import("./pictures.js").Picture} Picture */
/** @typedef {(id: string) => Promise<string | null | undefined>} Locate a URL of an upload's bytes,
 *  null where it is gone for good, undefined where it may come */

const LANES = 2;

/**
 * Gets each stored picture once, two at a time.
 *
 * @param {(picture: Picture, isGone: boolean) => void} onDone
 */
export function startFetching(onDone) {
  /** @type {Map<Picture, Locate>} */
  const waiting = new Map();
  let busy = 0;

  /** @param {Picture} picture @param {Locate} locate */
  async function fetchOne(picture, locate) {
    for (let failures = 1; !picture.url; failures++) {
      const url = await locate(picture.upload.id);
      if (url === null) return onDone(picture, true);
      const bytes = url ? await bytesOf(url, picture.upload.contentType) : undefined;
      if (bytes) Object.assign(picture, { bytes, url: URL.createObjectURL(bytes) });
      else await pause(failures);
    }
    onDone(picture, false);
  }

  async function work() {
    const next = waiting.entries().next().value;
    if (!next || busy >= LANES) return;
    waiting.delete(next[0]);
    busy += 1;
    await fetchOne(...next);
    busy -= 1;
    work();
  }

  const known = new WeakSet();
  /** @param {Picture[]} pictures @param {WeakMap<Picture, Locate>} places where each of them is */
  return (pictures, places) => {
    for (const picture of pictures) {
      const locate = places.get(picture);
      if (picture.upload.status !== "STORED" || known.has(picture) || !locate) continue;
      known.add(picture);
      waiting.set(picture, locate);
      work();
    }
  };
}

/** @param {string} url @param {string} contentType */
async function bytesOf(url, contentType) {
  try {
    const answer = await fetch(url, { cache: "no-store" });
    if (!answer.ok) return undefined;
    const type = isImage(contentType) ? contentType : "application/octet-stream";
    return new Blob([await answer.arrayBuffer()], { type });
  } catch {
    return undefined;
  }
}
