/** Draws the desktop page. */

import { $, drawList, icon, input, make, qrPicture, say, setIcon, show } from "./dom.js";
import { isHere } from "./pictures.js";
import { encode } from "./qr.js";
import { count, isOver, isSettled, phase } from "./session.js";

/** @typedef {import("./i18n.js").Speaker} Speaker */
/** @typedef {import("./pictures.js").Picture} Picture */
/** @typedef {ReturnType<typeof import("./desktop.js").view>} View */

const ICONS = {
  creating: "clock",
  waiting: "phone",
  connected: "linked",
  receiving: "down",
  arrived: "check",
  ended: "clock",
  stopped: "stop",
};
const CONNECTED = ["connected", "receiving", "arrived"];

/** @param {View} view */
export function draw(view) {
  const { session, now, speaker, pictures } = view;
  const { t } = speaker;
  const shown = session ? phase(session, now) : "creating";
  const filled = pictures.length > 0;
  const photos = pictures.filter(isHere).length;
  document.body.dataset.phase = shown;
  document.body.classList.toggle("bar", isBar(view, shown));
  say($("status"), sentence(view, shown));
  document.title = photos > 0 ? `(${photos}) ${t("name")}` : t("name");
  setIcon($("status-icon"), ICONS[shown]);
  say($("offline"), view.offline ? t("offline") : "");
  show($("intro"), !filled && !["connected", "receiving"].includes(shown));
  show($("link-box"), shown === "waiting");
  drawCode(view, shown);
  say($("hint"), hint(view, shown));
  drawActions(view, shown, photos);
  drawTime(view);
  drawGallery(view, filled || ["connected", "receiving"].includes(shown));
}

/** Whether the photos are the page, and all else is a line above them: not before the code that
 *  is shown has brought one, or is over.
 *  @param {View} view @param {string} shown */
function isBar({ session, pictures }, shown) {
  if (shown === "ended" || shown === "stopped") return pictures.some(isHere);
  return session !== undefined && count(session, "STORED") > 0;
}

/** @param {View} view @param {string} shown */
function sentence({ session, speaker: { t }, pictures }, shown) {
  if (!session) return t("creating");
  const refused = count(session, "REJECTED");
  const arrived = count(session, "STORED");
  const also = refused > 0 && shown !== "waiting" ? ` · ${t("refused", { n: refused })}` : "";
  const n = shown === "receiving" ? count(session, "REQUESTED") : arrived || pictures.length;
  const done = shown === "stopped" && arrived > 0;
  return t(done ? "arrived" : shown, { n }) + also;
}

/** @param {View} view @param {string} shown */
function hint(view, shown) {
  const { t } = view.speaker;
  if (view.failed) return t("stopFailed");
  if (shown === "waiting") return t("waitingHint");
  if (CONNECTED.includes(shown)) return connectedHint(view, shown);
  const kept = view.pictures.some(isHere) ? ` ${t("endedKept")}` : "";
  if (shown === "ended") return t("endedHint") + kept;
  return shown === "stopped" ? t("stoppedHint") + kept : "";
}

/** @param {View} view @param {string} shown */
function connectedHint(view, shown) {
  const { t } = view.speaker;
  if ((view.session?.uploads.length ?? 0) >= view.most) return t("full");
  return isBar(view, shown) ? "" : t("connectedHint");
}

/** @param {View} view @param {string} shown */
function drawCode(view, shown) {
  const { session, link, speaker } = view;
  const { t } = speaker;
  const connected = CONNECTED.includes(shown);
  show($("qr"), !connected && !isBar(view, shown));
  $("qr").classList.toggle("over", shown !== "waiting");
  if ($("qr").dataset.text !== link + t("qr")) {
    $("qr").replaceChildren(...(link ? [qrPicture(encode(link), t("qr"))] : []));
    $("qr").dataset.text = link + t("qr");
  }
  $("qr").setAttribute("aria-hidden", String(shown !== "waiting"));
  input("link").value = link;
  show($("code"), connected && session?.matchCode !== undefined);
  say($("code-digits"), session?.matchCode ?? "");
}

/** @param {View} view @param {string} shown @param {number} photos */
function drawActions({ session, busy, saving, speaker: { t } }, shown, photos) {
  const open = shown === "waiting" || CONNECTED.includes(shown);
  const done = photos > 0 && shown !== "waiting";
  show($("save-all"), photos > 1);
  say($("save-all-text"), t(saving ? "saving" : "saveAll"));
  /** @type {HTMLButtonElement} */ ($("save-all")).disabled = saving;
  show($("renew"), session !== undefined);
  $("renew").classList.toggle("quiet", open || photos > 1);
  show($("stop"), open);
  say($("stop-text"), t(done ? "done" : "stop"));
  setIcon($("stop-icon"), done ? "check" : "stop");
  /** @type {HTMLButtonElement} */ ($("stop")).disabled = busy;
}

/** The time left: in minutes, and in seconds near the end. @param {View} view */
export function drawTime({ session, now, speaker }) {
  const left = session && !isOver(session, now) ? session.expiresAt - now : 0;
  const soon = left > 0 && left <= 120;
  const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  const time = soon ? clock : speaker.amount(Math.ceil(left / 60), "minute");
  say($("time"), left > 0 ? speaker.t("validFor", { time }) : "");
  say($("soon"), soon ? speaker.t("soonOver") : "");
}

/** @param {View} view @param {boolean} visible */
function drawGallery(view, visible) {
  show($("gallery"), visible);
  show($("gallery-empty"), view.pictures.length === 0);
  const create = (/** @type {Picture} */ picture) => newTile(view, picture);
  const update = (/** @type {HTMLElement} */ tile, /** @type {Picture} */ picture) =>
    drawTile(view, tile, picture);
  drawList($("tiles"), view.pictures, ({ upload }) => upload.id, create, update);
}

/** What a person calls a photo. @param {Speaker} speaker @param {Picture} picture */
export const nameOf = ({ t }, { number, upload }) => upload.name ?? t("photo", { n: number });

/** @param {View} view @param {Picture} picture */
function newTile(view, picture) {
  const button = make("button", "round", icon("down"));
  button.type = "button";
  button.onclick = () => view.onSave(picture);
  const label = make("div", "label", make("p", "file"), make("p", "size"));
  return make("li", "tile", make("div", "frame"), make("div", "caption", label, button));
}

/** @param {View} view @param {HTMLElement} tile @param {Picture} picture */
function drawTile(view, tile, picture) {
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
  tile.querySelector(".frame")?.replaceWith(frame(view, picture, look));
  tile.classList.toggle("pending", look === "arriving" || look === "loading");
}

/** @param {View} view @param {Picture} picture */
function appearance({ session, now }, { upload, url, blank }) {
  if (upload.status === "REJECTED") return "notAccepted";
  if (upload.status === "STORED") return blank ? "noPreview" : url ? "shown" : "loading";
  const hopeless = !session?.uploads.includes(upload) || isSettled(session, now);
  return hopeless ? "neverCame" : "arriving";
}

/** What stands for a photo. @param {View} view @param {Picture} picture @param {string} look */
function frame(view, picture, look) {
  const { t } = view.speaker;
  if (look === "shown") return opener(view, picture);
  if (look === "noPreview") return make("div", "frame", icon("pictures"), make("p", "", t(look)));
  if (look === "notAccepted") {
    return make("div", "frame", icon("warning"), make("p", "", t("notAcceptedWhy")));
  }
  if (look === "neverCame") {
    return make("div", "frame", icon("offline"), make("p", "", t("neverCameWhy")));
  }
  return make("div", "frame", icon(look === "loading" ? "pictures" : "down"));
}

/** A link to the photo itself, for a tab of its own; a plain click opens it here.
 *  @param {View} view @param {Picture} picture */
function opener(view, picture) {
  const image = make("img", "whole");
  image.alt = view.speaker.t("openPhoto", { name: nameOf(view.speaker, picture) });
  image.decoding = "async";
  image.onerror = () => view.onBlank(picture);
  image.src = picture.url ?? "";
  const anchor = make("a", "frame", image);
  anchor.href = picture.url ?? "";
  anchor.onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    view.onOpen(picture);
  };
  return anchor;
}
