/** The photos as tiles. */

import { icon, make, say, show } from "./dom.js";
import { drawList } from "./list.js";
import { isLate, isSettled } from "./pictures.js";

/** @typedef {import("./i18n.js").Speaker} Speaker */
/** @typedef {import("./pictures.js").Picture} Picture */
/** @typedef {ReturnType<typeof import("./desktop.js").view>} View */
/** @typedef {Record<"open" | "save" | "blank", (picture: Picture) => void>} Acts */

/** @param {HTMLElement} list @param {View} view @param {Acts} acts */
export function drawTiles(list, view, acts) {
  const create = (/** @type {Picture} */ picture) => newTile(acts, picture);
  const update = (/** @type {HTMLElement} */ tile, /** @type {Picture} */ picture) =>
    drawTile(view, acts, tile, picture);
  drawList(list, view.pictures, ({ upload }) => upload.id, create, update);
}

/** What a person calls a photo. @param {Speaker} speaker @param {Picture} picture */
export const nameOf = ({ t }, { number, upload }) => upload.name ?? t("photo", { n: number });

/** @param {Acts} acts @param {Picture} picture */
function newTile(acts, picture) {
  const button = make("button", "round", icon("down"));
  button.type = "button";
  button.onclick = () => acts.save(picture);
  const label = make("div", "label", make("p", "file"), make("p", "size"));
  return make("li", "tile", make("div", "frame"), make("div", "caption", label, button));
}

/** @param {View} view @param {Acts} acts @param {HTMLElement} tile @param {Picture} picture */
function drawTile(view, acts, tile, picture) {
  const { t, amount } = view.speaker;
  const { upload, url } = picture;
  const look = appearance(view, picture);
  const name = nameOf(view.speaker, picture);
  const button = /** @type {HTMLButtonElement} */ (tile.querySelector("button"));
  show(button, upload.status === "STORED");
  button.disabled = !url;
  button.setAttribute("aria-label", t("downloadPhoto", { name }));
  button.title = t("download");
  const large = upload.size >= 1e6;
  const size = amount(upload.size / (large ? 1e6 : 1e3), large ? "megabyte" : "kilobyte");
  const [file, more] = tile.querySelectorAll(".label p");
  say(file, name);
  say(more, upload.status === "STORED" ? size : t(look));
  if (tile.dataset.look === look + view.speaker.language) return;
  tile.dataset.look = look + view.speaker.language;
  tile.querySelector(".frame")?.replaceWith(frame(view, acts, picture, look));
  tile.classList.toggle("pending", look === "arriving" || look === "loading");
}

/** @param {View} view @param {Picture} picture */
function appearance({ session, now }, picture) {
  const { upload, url, blank } = picture;
  if (upload.status === "REJECTED") return "notAccepted";
  if (upload.status === "STORED") return blank ? "noPreview" : url ? "shown" : "loading";
  const hopeless = !session?.uploads.some(({ id }) => id === upload.id) || isSettled(session, now);
  if (hopeless) return "neverCame";
  return isLate(picture, now) ? "late" : "arriving";
}

/** What stands for a photo. @param {View} view @param {Acts} acts @param {Picture} picture
 *  @param {string} look */
function frame(view, acts, picture, look) {
  const { t } = view.speaker;
  if (look === "shown") return opener(view, acts, picture);
  if (look === "noPreview") return make("div", "frame", icon("pictures"), make("p", "", t(look)));
  if (look === "notAccepted") {
    return make("div", "frame", icon("warning"), make("p", "", t("notAcceptedWhy")));
  }
  if (look === "neverCame" || look === "late") {
    const why = t(look === "late" ? "lateWhy" : "neverCameWhy");
    return make("div", "frame", icon("offline"), make("p", "", why));
  }
  return make("div", "frame", icon(look === "loading" ? "pictures" : "down"));
}

/** A link to the photo itself, for a tab of its own; a plain click opens it here.
 *  @param {View} view @param {Acts} acts @param {Picture} picture */
function opener(view, acts, picture) {
  const image = make("img", "whole");
  image.alt = view.speaker.t("openPhoto", { name: nameOf(view.speaker, picture) });
  image.decoding = "async";
  image.onerror = () => acts.blank(picture);
  image.src = picture.url ?? "";
  const anchor = make("a", "frame", image);
  anchor.href = picture.url ?? "";
  anchor.onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    acts.open(picture);
  };
  return anchor;
}
