/** Draws the phone page. */

import { $, drawList, icon, make, say, setIcon, show } from "./dom.js";

/** @typedef {import("./i18n.js").Speaker} Speaker */
/** @typedef {import("./sending.js").Item} Item */
/** @typedef {"connecting" | "ready" | "noLink" | "unknownCode" | "taken" | "closed"} Stage */
/**
 * @typedef {object} View
 * @property {Speaker} speaker
 * @property {Stage} stage
 * @property {string} matchCode
 * @property {number} maxBytes
 * @property {boolean} offline
 * @property {Item[]} items
 * @property {Map<string, HTMLCanvasElement>} thumbnails by the item's key
 * @property {(item: Item) => void} onDismiss
 */

const ICONS = {
  connecting: "phone",
  ready: "linked",
  noLink: "phone",
  unknownCode: "warning",
  taken: "warning",
  closed: "clock",
};

/** @type {Record<string, string>} */
const ITEM_ICONS = {
  waiting: "clock",
  sending: "up",
  retrying: "offline",
  sent: "up",
  arrived: "check",
  rejected: "warning",
  failed: "warning",
  unfinished: "again",
};

const OVER = ["rejected", "failed", "unfinished"];

/** @param {View} view */
export function draw(view) {
  const { stage, matchCode, items, speaker } = view;
  const { t } = speaker;
  document.body.dataset.phase = stage;
  show($("panel"), true);
  say($("status"), t(stage));
  setIcon($("status-icon"), ICONS[stage]);
  say($("offline"), view.offline ? t("offline") : "");
  show($("code"), stage === "ready");
  say($("code-digits"), matchCode);
  say($("hint"), stage === "connecting" ? "" : t(stage === "ready" ? "matchHint" : `${stage}Hint`));
  show($("send"), stage === "ready");
  say($("rules"), t("rules", { size: speaker.amount(view.maxBytes / 1048576, "megabyte") }));
  show($("list"), items.length > 0);
  say($("summary"), summary(view));
  drawItems(view);
}

/** @param {View} view */
function summary({ items, speaker: { t } }) {
  const going = items.filter(({ state }) => !OVER.includes(state));
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
function newItem(view, item) {
  const progress = make("progress");
  progress.max = 1;
  const button = make("button", "round", icon("cross"));
  button.type = "button";
  button.onclick = () => view.onDismiss(item);
  const words = make("div", "words", make("p", "file", item.name), make("p", "state"), progress);
  const thumbnail = make("div", "thumbnail", icon("pictures"));
  return make("li", "item", make("div", "face", thumbnail, make("span", "mark")), words, button);
}

/** @param {View} view @param {HTMLElement} row @param {Item} item */
function drawItem({ speaker, maxBytes, thumbnails }, row, item) {
  const { t } = speaker;
  const [face, words, button] = children(row);
  const [thumbnail, mark] = children(face);
  const [, state, progress] = children(words);
  const picture = thumbnails.get(item.key);
  if (picture && picture.parentElement !== thumbnail) thumbnail.replaceChildren(picture);
  if (row.dataset.state !== item.state) mark.replaceChildren(icon(ITEM_ICONS[item.state]));
  row.dataset.state = item.state;
  say(state, described(speaker, item, maxBytes));
  const bar = /** @type {HTMLProgressElement} */ (progress);
  bar.value = item.share;
  bar.setAttribute("aria-label", t("itemSending", { share: item.name }));
  show(bar, item.state === "sending" || item.state === "retrying");
  show(button, OVER.includes(item.state));
  button.setAttribute("aria-label", t("dismiss", { name: item.name }));
}

/** @param {HTMLElement} element */
const children = (element) => /** @type {HTMLElement[]} */ (Array.from(element.children));

/** What a person reads about one photo. @param {Speaker} speaker @param {Item} item
 *  @param {number} maxBytes */
function described({ t, amount, percent }, { state, share, problem, note }, maxBytes) {
  const size = amount(maxBytes / 1048576, "megabyte");
  if (state === "failed") return t(problem ?? "failed", { size });
  const name = `item${state[0].toUpperCase()}${state.slice(1)}`;
  const also = note && (state === "sent" || state === "arrived") ? ` · ${t(note)}` : "";
  return t(name, { share: percent(share) }) + also;
}
