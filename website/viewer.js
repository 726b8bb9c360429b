/** One photo over the whole page, and the way to its neighbours. */

import { icon, make, say, show } from "./dom.js";
import { isHere } from "./pictures.js";

/** @typedef {import("./i18n.js").Speaker} Speaker */
/** @typedef {import("./pictures.js").Picture} Picture */

/**
 * The picture so many places further, or the same one at either end.
 *
 * @param {Picture[]} pictures @param {string | undefined} id @param {number} by
 * @returns {Picture | undefined}
 */
export function neighbour(pictures, id, by) {
  const here = pictures.filter(isHere);
  const at = here.findIndex(({ upload }) => upload.id === id);
  return here[Math.min(Math.max(at + by, 0), here.length - 1)];
}

/**
 * @param {object} wanted
 * @param {() => Picture[]} wanted.pictures
 * @param {() => Speaker} wanted.speaker
 * @param {(picture: Picture) => string} wanted.nameOf
 * @param {(picture: Picture) => void} wanted.onSave
 */
export function startViewer({ pictures, speaker, nameOf, onSave }) {
  const name = make("h2", "viewer-name");
  const place = make("p", "viewer-place");
  const photo = make("div", "viewer-photo");
  const saving = button("down", () => shown && onSave(shown));
  const closing = button("cross", () => dialog.close());
  const before = button("before", () => go(-1));
  const next = button("next", () => go(1));
  const top = make("div", "viewer-top", name, place, saving, closing);
  const dialog = make("dialog", "viewer", top, photo, before, next);
  /** @type {Picture | undefined} */
  let shown;

  function redraw() {
    if (!shown || !dialog.open) return;
    const { t } = speaker();
    const here = pictures().filter(isHere);
    const title = nameOf(shown);
    say(name, title);
    say(place, t("place", { n: here.indexOf(shown) + 1, all: here.length }));
    dialog.setAttribute("aria-label", title);
    label(saving, t("downloadPhoto", { name: title }));
    label(closing, t("close"));
    label(before, t("before"));
    label(next, t("next"));
    show(before, here[0] !== shown);
    show(next, here.at(-1) !== shown);
    if (photo.dataset.id === shown.upload.id) return;
    photo.dataset.id = shown.upload.id;
    photo.replaceChildren(...(shown.blank ? unshown(t("noPreview")) : [image(shown, title)]));
  }

  /** @param {number} by */
  function go(by) {
    shown = neighbour(pictures(), shown?.upload.id, by);
    redraw();
    // The button for more may just have gone: the keyboard stays in the dialog.
    if (!dialog.contains(document.activeElement) || before.hidden || next.hidden) closing.focus();
  }

  dialog.onclose = () => {
    shown = undefined;
    photo.replaceChildren();
    delete photo.dataset.id;
  };
  dialog.onkeydown = ({ key }) => {
    const turned = document.documentElement.dir === "rtl" ? -1 : 1;
    const steps = { ArrowRight: turned, ArrowLeft: -turned, Home: -Infinity, End: Infinity };
    const by = /** @type {Record<string, number>} */ (steps)[key];
    if (by) go(by);
  };
  place.setAttribute("role", "status");
  before.classList.add("viewer-before");
  next.classList.add("viewer-next");
  document.body.append(dialog);
  return {
    redraw,
    /** @param {Picture} picture */
    open(picture) {
      shown = picture;
      dialog.showModal();
      redraw();
    },
  };
}

/** @param {string} sign @param {() => void} act */
function button(sign, act) {
  const made = make("button", "round", icon(sign));
  made.type = "button";
  made.onclick = act;
  return made;
}

/** @param {HTMLElement} element @param {string} text */
function label(element, text) {
  element.setAttribute("aria-label", text);
  element.title = text;
}

/** @param {Picture} picture @param {string} name */
function image({ url }, name) {
  const image = make("img");
  image.alt = name;
  image.src = url ?? "";
  return image;
}

/** @param {string} why */
const unshown = (why) => [icon("pictures"), make("p", "", why)];
