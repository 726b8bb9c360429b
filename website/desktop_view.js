/** Draws the desktop page. */

import { $, drawList, icon, input, make, qrPicture, say, setIcon, show } from "./dom.js";
import { encode } from "./qr.js";
import { count, isOver, isSettled, phase } from "./session.js";

/** @typedef {import("./i18n.js").Speaker} Speaker */
/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./session.js").Upload} Upload */
/** @typedef {{ number: number, url?: string, blank?: boolean, upload: Upload }} Picture */
/**
 * @typedef {object} View
 * @property {Speaker} speaker
 * @property {Session | undefined} session
 * @property {string} link what the code says
 * @property {number} now Unix seconds
 * @property {boolean} offline
 * @property {boolean} busy stopping
 * @property {boolean} failed stopping didn't get through
 * @property {Picture[]} pictures newest code first
 * @property {(picture: Picture) => void} onDownload
 * @property {(picture: Picture) => void} onBlank the browser can't show it
 */

const ICONS = {
  creating: "clock",
  waiting: "phone",
  connected: "linked",
  receiving: "down",
  arrived: "check",
  ended: "clock",
  stopped: "stop",
};

/** @param {View} view */
export function draw(view) {
  const { session, now, speaker } = view;
  const { t } = speaker;
  const shown = session ? phase(session, now) : "creating";
  const filled = view.pictures.length > 0;
  document.body.dataset.phase = shown;
  document.body.classList.toggle("filled", filled);
  say($("status"), sentence(view, shown));
  const photos = view.pictures.filter(({ url }) => url).length;
  document.title = photos > 0 ? `(${photos}) ${t("name")}` : t("name");
  setIcon($("status-icon"), ICONS[shown]);
  say($("offline"), view.offline ? t("offline") : "");
  show($("intro"), !filled && !["connected", "receiving"].includes(shown));
  show($("link-box"), shown === "waiting");
  drawCode(view, shown);
  say($("hint"), hint(view, shown));
  drawActions(view, shown);
  drawTime(view);
  drawGallery(view, filled || ["connected", "receiving"].includes(shown));
}

/** @param {View} view @param {string} shown */
function sentence({ session, speaker: { t }, pictures }, shown) {
  if (!session) return t("creating");
  const refused = count(session, "REJECTED");
  const arrived = count(session, "STORED");
  const also = refused > 0 && shown !== "waiting" ? ` · ${t("refused", { n: refused })}` : "";
  const n = shown === "receiving" ? count(session, "REQUESTED") : arrived || pictures.length;
  return t(shown, { n }) + also;
}

/** @param {View} view @param {string} shown */
function hint({ speaker: { t }, pictures, failed }, shown) {
  if (failed) return t("stopFailed");
  if (["connected", "receiving", "arrived"].includes(shown)) return t("connectedHint");
  const kept = pictures.some(({ url }) => url) ? ` ${t("endedKept")}` : "";
  if (shown === "ended") return t("endedHint") + kept;
  return shown === "stopped" ? t("stoppedHint") + kept : "";
}

/** @param {View} view @param {string} shown */
function drawCode({ session, link, speaker: { t } }, shown) {
  const connected = ["connected", "receiving", "arrived"].includes(shown);
  show($("qr"), !connected);
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

/** @param {View} view @param {string} shown */
function drawActions({ session, busy }, shown) {
  const open = ["waiting", "connected", "receiving", "arrived"].includes(shown);
  show($("renew"), session !== undefined && (!open || shown === "waiting"));
  $("renew").classList.toggle("quiet", open);
  show($("stop"), open);
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

/** @param {View} view @param {Picture} picture */
function newTile(view, picture) {
  const button = make("button", "round", icon("down"));
  button.type = "button";
  button.onclick = () => view.onDownload(picture);
  const caption = make("div", "caption", make("p", "label"), button);
  return make("li", "tile", make("div", "frame"), caption);
}

/** @param {View} view @param {HTMLElement} tile @param {Picture} picture */
function drawTile(view, tile, picture) {
  const { t, amount } = view.speaker;
  const { upload, number, url } = picture;
  const look = appearance(view, picture);
  const button = /** @type {HTMLButtonElement} */ (tile.querySelector("button"));
  show(button, upload.status === "STORED");
  button.disabled = !url;
  button.setAttribute("aria-label", t("downloadPhoto", { n: number }));
  button.title = t("download");
  const large = upload.size >= 1e6;
  const size = amount(upload.size / (large ? 1e6 : 1e3), large ? "megabyte" : "kilobyte");
  const label = /** @type {HTMLElement} */ (tile.querySelector(".label"));
  say(label, upload.status === "STORED" ? `${t("photo", { n: number })} · ${size}` : t(look));
  if (tile.dataset.look === look + view.speaker.language) return;
  tile.dataset.look = look + view.speaker.language;
  tile.querySelector(".frame")?.replaceChildren(...frame(view, picture, look));
  tile.classList.toggle("pending", look === "arriving" || look === "loading");
}

/** @param {View} view @param {Picture} picture */
function appearance({ session, now }, { upload, url, blank }) {
  if (upload.status === "REJECTED") return "notAccepted";
  if (upload.status === "STORED") return blank ? "noPreview" : url ? "shown" : "loading";
  const hopeless = !session?.uploads.includes(upload) || isSettled(session, now);
  return hopeless ? "neverCame" : "arriving";
}

/** What fills a tile's frame. @param {View} view @param {Picture} picture @param {string} look */
function frame(view, picture, look) {
  const { t } = view.speaker;
  if (look === "shown") {
    const image = make("img");
    image.alt = t("photo", { n: picture.number });
    image.decoding = "async";
    image.onerror = () => view.onBlank(picture);
    image.src = picture.url ?? "";
    return [image];
  }
  if (look === "noPreview") return [icon("pictures"), make("p", "", t("noPreview"))];
  if (look === "notAccepted") return [icon("warning"), make("p", "", t("notAcceptedWhy"))];
  if (look === "neverCame") return [icon("offline"), make("p", "", t("neverCameWhy"))];
  return [icon(look === "loading" ? "pictures" : "down"), make("p", "sr", t(look))];
}
