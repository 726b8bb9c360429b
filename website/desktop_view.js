/** Draws the desktop page. */

import { $, input, say, setIcon, show } from "./dom.js";
import { count, isHere, phase } from "./pictures.js";
import { encode } from "./qr.js";
import { isOver } from "./session.js";

/** @typedef {ReturnType<typeof import("./desktop.js").view>} View */

const SVG = "http://www.w3.org/2000/svg";
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
  say($("offline"), view.trouble ? t(view.trouble) : "");
  show($("intro"), !filled && !["connected", "receiving"].includes(shown));
  show($("link-box"), shown === "waiting");
  drawCode(view, shown);
  say($("hint"), hint(view, shown));
  drawActions(view, shown, photos);
  drawTime(view);
  show($("gallery"), filled || ["connected", "receiving"].includes(shown));
  show($("gallery-empty"), !filled);
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

/** A QR code as a picture, four light modules around it.
 *  @param {import("./qr.js").Code} code @param {string} label */
function qrPicture({ size, rows }, label) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", `-4 -4 ${size + 8} ${size + 8}`);
  svg.setAttribute("shape-rendering", "crispEdges");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  path.setAttribute("d", rows.map((row, y) => bars(row.join(""), y)).join(""));
  svg.append(path);
  return svg;
}

/** @param {string} row @param {number} y */
function bars(row, y) {
  const found = [...row.matchAll(/1+/g)];
  return found
    .map(({ 0: bar, index }) => `M${index} ${y}h${bar.length}v1h-${bar.length}z`)
    .join("");
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
