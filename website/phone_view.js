/** Draws the phone page. */

import { $, icon, input, make, say, setIcon, show } from "./dom.js";
import { drawList } from "./list.js";

/** @typedef {import("./i18n.js").Speaker} Speaker */
/** @typedef {import("./sending.js").Item} Item */
/** @typedef {"connecting" | "ask" | "ready" | "noLink" | "unknownCode" | "taken" | "closed"} Stage */
/**
 * @typedef {object} View
 * @property {Speaker} speaker
 * @property {Stage} stage
 * @property {string} matchCode
 * @property {number} maxBytes
 * @property {number} maxUploads
 * @property {number} used of them
 * @property {boolean} takenBack whether one of them was taken back once it was announced
 * @property {number} left seconds until the code ends
 * @property {string} trouble a key of the words
 * @property {Item[]} items
 * @property {Map<string, HTMLCanvasElement>} thumbnails by the item's key
 * @property {(key: string) => void} onDismiss
 * @property {(key: string) => void} onAgain
 * @property {(key: string) => boolean} hasWayOn whether a failed photo can be tried again
 */

const LAST_MINUTES = 300;

const ICONS = {
  connecting: "phone",
  ask: "phone",
  ready: "linked",
  noLink: "warning",
  unknownCode: "warning",
  taken: "warning",
  closed: "clock",
  finished: "check",
};

/** @type {Record<string, string>} */
const ITEM_ICONS = {
  waiting: "clock",
  sending: "up",
  retrying: "offline",
  elsewhere: "phone",
  sent: "up",
  arrived: "check",
  rejected: "warning",
  failed: "warning",
  unfinished: "again",
};

const OVER = ["rejected", "failed", "unfinished"];

/** @param {View} view */
export function draw(view) {
  const { stage, matchCode, items, speaker, trouble } = view;
  const { t } = speaker;
  const done = stage === "closed" && items.some(({ state }) => state === "arrived");
  const shown = done ? "finished" : stage;
  document.body.dataset.phase = stage;
  document.body.classList.toggle("filled", items.length > 0);
  show($("panel"), true);
  say($("status"), t(shown));
  setIcon($("status-icon"), ICONS[shown]);
  say($("offline"), trouble ? t(trouble) : "");
  show($("code"), stage === "ready");
  say($("code-digits"), matchCode);
  say($("hint"), hint(shown, t));
  show($("connect"), stage === "ask");
  drawTime(view);
  drawChoosers(view);
  drawSent(view);
}

/** @param {string} shown @param {Speaker["t"]} t */
function hint(shown, t) {
  if (shown === "connecting") return "";
  return t(shown === "ready" ? "matchHint" : `${shown}Hint`);
}

/** The time left, once it is short. @param {View} view */
export function drawTime({ stage, left, speaker: { t, amount } }) {
  const soon = stage === "ready" && left > 0 && left <= LAST_MINUTES;
  const time = amount(left > 60 ? Math.ceil(left / 60) : left, left > 60 ? "minute" : "second");
  say($("time"), soon ? t("timeLeft", { time }) : "");
}

/** @param {View} view */
function drawChoosers(view) {
  const { stage, items, maxUploads, maxBytes, speaker } = view;
  const { t, amount } = speaker;
  const free = maxUploads - view.used;
  const open = free > 0 || items.some(({ state }) => state === "unfinished");
  const size = amount(maxBytes / 1048576, "megabyte");
  show($("send"), stage === "ready");
  for (const id of ["choosers", "rules", "switch"]) show($(id), open);
  for (const id of ["camera", "library"]) input(id).disabled = !open;
  say($("places"), open ? places(view, free) : t("full"));
  say($("rules"), t("rules", { n: maxUploads, size }));
}

/** How many photos more there may be. @param {View} view @param {number} free */
function places({ used, takenBack, speaker: { t } }, free) {
  const room = used > 0 ? t("places", { n: free }) : "";
  return takenBack ? `${room}. ${t("takenBack")}` : room;
}

/** @param {View} view */
function drawSent(view) {
  const { items, speaker } = view;
  const going = items.filter(({ state }) => !OVER.includes(state));
  const whole = going.filter(({ state }) => state === "arrived" || state === "sent").length;
  const share = going.reduce((sum, item) => sum + item.share, 0) / (going.length || 1);
  const all = /** @type {HTMLProgressElement} */ ($("all"));
  show($("list"), items.length > 0);
  say($("summary"), summary(view, going));
  show(all, whole < going.length);
  all.value = share;
  all.setAttribute("aria-label", speaker.t("itemSending", { share: speaker.percent(share) }));
  drawItems(view);
}

/** @param {View} view @param {Item[]} going */
function summary({ items, speaker: { t } }, going) {
  const arrived = going.filter(({ state }) => state === "arrived").length;
  const done = going.filter(({ state }) => state === "arrived" || state === "sent").length;
  const n = going.length;
  const failed = items.filter(({ state }) => state === "rejected" || state === "failed").length;
  const sent = arrived === n ? t("allSent", { n }) : t("progress", { n, done });
  return [n ? sent : "", failed ? t("notSent", { n: failed }) : ""].filter(Boolean).join(" · ");
}

/** @param {View} view */
function drawItems(view) {
  const create = (/** @type {Item} */ item) => newItem(view, item);
  const update = (/** @type {HTMLElement} */ row, /** @type {Item} */ item) =>
    drawItem(view, row, item);
  drawList($("items"), view.items, ({ key }) => key, create, update);
}

/** @param {View} view @param {Item} item */
function newItem({ onDismiss, onAgain }, { key, name }) {
  const progress = make("progress");
  progress.max = 1;
  const button = make("button", "round", icon("cross"));
  const again = make("button", "quiet again");
  button.type = again.type = "button";
  button.onclick = () => onDismiss(key);
  again.onclick = () => onAgain(key);
  const words = make("div", "words", make("p", "file", name), make("p", "state"), progress);
  const thumbnail = make("div", "thumbnail", icon("pictures"));
  const face = make("div", "face", thumbnail, make("span", "mark"));
  return make("li", "item", face, words, button, again);
}

/** @param {View} view @param {HTMLElement} row @param {Item} item */
function drawItem(view, row, item) {
  const { t } = view.speaker;
  const [face, words, button, again] = children(row);
  const [thumbnail, mark] = children(face);
  const [, state, progress] = children(words);
  const picture = view.thumbnails.get(item.key);
  if (picture && picture.parentElement !== thumbnail) thumbnail.replaceChildren(picture);
  if (row.dataset.state !== item.state) mark.replaceChildren(icon(ITEM_ICONS[item.state]));
  row.dataset.state = item.state;
  say(state, described(view, item));
  const bar = /** @type {HTMLProgressElement} */ (progress);
  bar.value = item.share;
  bar.setAttribute("aria-label", t("itemSending", { share: item.name }));
  show(bar, item.state === "sending" || item.state === "retrying");
  show(button, !["sent", "arrived"].includes(item.state));
  button.setAttribute("aria-label", t("dismiss", { name: item.name }));
  show(again, view.stage === "ready" && view.hasWayOn(item.key));
  say(again, t(item.problem === "locationStays" ? "sendAsItIs" : "tryAgain"));
}

/** @param {HTMLElement} element */
const children = (element) => /** @type {HTMLElement[]} */ (Array.from(element.children));

/** @type {Record<string, string>} */
const REASONS = { busy: "busy", service: "itemRetryingService", bucket: "itemRetryingBucket" };

/** What a person reads about one photo. @param {View} view @param {Item} item */
function described({ maxBytes, speaker }, { state, share, problem, reason }) {
  const { t, amount, percent } = speaker;
  if (state === "failed") {
    return t(problem ?? "failed", { size: amount(maxBytes / 1048576, "megabyte") });
  }
  if (state === "retrying") {
    return t(REASONS[reason === "refused" ? "bucket" : (reason ?? "")] ?? "itemRetrying");
  }
  return t(`item${state[0].toUpperCase()}${state.slice(1)}`, { share: percent(share) });
}
