/** All that photos need at the desktop; comes with the first one. */

import { $ } from "./dom.js";
import { startFetching } from "./fetching.js";
import { save, saveAll } from "./saving.js";
import { drawTiles, nameOf } from "./tiles.js";
import { startViewer } from "./viewer.js";

/** @typedef {import("./pictures.js").Picture} Picture */
/** @typedef {ReturnType<typeof import("./desktop.js").view>} View */

/**
 * @param {() => View} view
 * @param {(lost?: Picture) => void} onChange
 */
export async function startGallery(view, onChange) {
  const acts = {
    save: (/** @type {Picture} */ picture) => save(picture, view().pictures),
    open: (/** @type {Picture} */ picture) => viewer.open(picture),
    blank(/** @type {Picture} */ picture) {
      picture.blank = true;
      onChange();
    },
  };
  const viewer = startViewer({
    pictures: () => view().pictures,
    speaker: () => view().speaker,
    nameOf: (picture) => nameOf(view().speaker, picture),
    onSave: acts.save,
  });
  await dress();
  return {
    draw() {
      drawTiles($("tiles"), view(), acts);
      viewer.redraw();
    },
    follow: startFetching((picture, isGone) => onChange(isGone ? picture : undefined)),
    saveAll: () => saveAll(view().pictures),
  };
}

/** @typedef {Awaited<ReturnType<typeof startGallery>>} Gallery */

/** Loads what it looks like; without it everything still works. @returns {Promise<unknown>} */
function dress() {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = "gallery.css";
  return new Promise((resolve) => {
    link.onload = link.onerror = resolve;
    document.head.append(link);
  });
}
