/** The phone page: claims the session of the code that was scanned, and sends photos. */

import { connect, isPassing } from "./api.js";
import { pause } from "./backoff.js";
import { loadConfig, Unusable } from "./config.js";
import { $, drawLanguage, drawProblem, hideProblem, input, show } from "./dom.js";
import { LANGUAGES, speak } from "./i18n.js";
import { draw } from "./phone_view.js";
import { startPoll } from "./poll.js";
import { prepare } from "./prepare.js";
import { put } from "./put.js";
import { startQueue } from "./sending.js";
import { isState, step } from "./session.js";
import { randomHex, remember } from "./store.js";

/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./phone_view.js").Stage} Stage */
/**
 * @typedef {object} Kept
 * @property {string} nonce makes a repeated claim give the same token
 * @property {string} [token]
 * @property {import("./sending.js").Unfinished[]} unfinished
 */

const POLL = 30_000;
const POLL_FOR_ARRIVAL = 2_000;
const POLLS_FOR_ARRIVAL = 10;

const found = /^#1\.([0-9a-f-]{36})\.([\w-]{16,256})$/.exec(location.hash);
const [sessionId, uploadToken] = found ? found.slice(1) : ["", ""];
const store = /** @type {ReturnType<typeof remember<Kept>>} */ (remember(`phone.${sessionId}`));

let speaker = await speak();
/** @type {import("./api.js").Api} */
let api;
/** @type {Kept} */
let kept = { nonce: "", unfinished: [] };
/** @type {Session} */
let session = { sessionId, rev: -1, status: "", expiresAt: Infinity, uploads: [] };
/** @type {Stage} */
let stage = "connecting";
/** @type {{ matchCode: string, maxBytes: number, types: string[] }} */
let rules = { matchCode: "", maxBytes: 0, types: [] };
/** @type {ReturnType<typeof startQueue> | undefined} */
let queue;
/** @type {import("./sending.js").Item[]} */
let items = [];
/** @type {ReturnType<typeof startPoll> | undefined} */
let poll;
let reachable = true;
let hurried = 0;
/** @type {Map<string, HTMLCanvasElement>} */
const thumbnails = new Map();

function redraw() {
  const offline = !navigator.onLine || !reachable;
  const onDismiss = (/** @type {{ key: string }} */ { key }) => queue?.dismiss(key);
  draw({ speaker, stage, items, thumbnails, offline, onDismiss, ...rules });
}

async function start() {
  /** @type {import("./config.js").Config} */
  let config;
  try {
    config = await loadConfig();
  } catch (error) {
    return explain(/** @type {Unusable} */ (error));
  }
  hideProblem();
  show($("main"), true);
  show($("boot"), false);
  api = connect(config.httpApiUrl);
  if (!found) return enter("noLink");
  redraw();
  kept = store.read() ?? { nonce: randomHex(16), unfinished: [] };
  // Before the claim: a browser may drop the page while its answer is on the way.
  store.write(kept);
  await claim();
}

/** @param {Unusable} error */
async function explain({ problem, address }) {
  drawProblem(speaker.t(problem), address);
  if (problem !== "unreachable") return;
  await pause(3);
  await start();
}

/** @param {Stage} next */
function enter(next) {
  stage = next;
  redraw();
}

async function claim() {
  for (let failures = 1; stage === "connecting"; failures++) {
    const { status, body } = await api.claim(sessionId, uploadToken, kept.nonce);
    reachable = !isPassing(status);
    if (status === 200) return claimed(body);
    if (status === 409) return enter("taken");
    if (status === 410) return enter("closed");
    if (status === 401 || status === 404 || status === 422) return enter("unknownCode");
    redraw();
    await pause(failures);
  }
}

/** @param {any} body */
function claimed({ phoneToken: token, matchCode, maxBytes, types }) {
  rules = { matchCode, maxBytes, types };
  keep({ token });
  queue = startQueue({
    ask: (upload) => api.ask(sessionId, token, upload),
    put,
    look: () => look(token),
    unfinished: kept.unfinished,
    keep: (unfinished) => keep({ unfinished }),
    onChange: changed,
  });
  enter("ready");
  poll = startPoll({
    read: (etag) => api.read(sessionId, token, etag),
    every: interval,
    onState: take,
    onReach: reached,
    onGone: () => end("unknownCode"),
  });
  poll.now();
}

/** Often for a little while after a photo was sent, to see it arrive. */
function interval() {
  const awaited = items.some(({ state }) => state === "sent");
  return awaited && hurried++ < POLLS_FOR_ARRIVAL ? POLL_FOR_ARRIVAL : POLL;
}

/** @param {Partial<Kept>} change */
function keep(change) {
  kept = { ...kept, ...change };
  store.write(kept);
}

/** @param {string} token @returns {Promise<Session | undefined>} */
async function look(token) {
  const { status, body } = await api.read(sessionId, token);
  if (status !== 200 || !isState(body)) return undefined;
  session = step(session, body);
  return session;
}

/** @param {unknown} message */
function take(message) {
  session = step(session, message);
  queue?.follow(session);
  const over = session.status === "EXPIRED" || session.status === "CANCELLED";
  if (over && stage === "ready") enter("closed");
  if (session.status === "CANCELLED" || (over && !underWay())) poll?.stop();
}

const underWay = () => items.some(({ state }) => ["sending", "sent"].includes(state));

/** @param {Stage} next */
function end(next) {
  poll?.stop();
  enter(next);
}

/** @param {boolean} ok */
function reached(ok) {
  if (ok === reachable) return;
  reachable = ok;
  redraw();
}

/** @param {import("./sending.js").Item[]} next */
function changed(next) {
  const sent = (/** @type {typeof next} */ all) => all.filter((one) => one.state === "sent").length;
  const more = sent(next) > sent(items);
  const over = next.some(({ problem }) => problem === "over");
  items = next;
  if (over && stage === "ready") stage = "closed";
  redraw();
  if (!more) return;
  hurried = 0;
  poll?.now();
}

/** @param {HTMLInputElement} chooser */
function chosen(chooser) {
  const files = Array.from(chooser.files ?? []);
  chooser.value = "";
  const removeLocation = input("location").checked;
  const before = new Set(items.map(({ key }) => key));
  queue?.add(files, (file) => prepare(file, { ...rules, removeLocation }));
  const added = items.filter(({ key }) => !before.has(key));
  preview(added.map(({ key }, at) => [key, files[at]]));
}

/** Small pictures, one after the other: a phone can't hold many large ones at once.
 *  @param {[string, File][]} wanted */
async function preview(wanted) {
  for (const [key, file] of wanted) {
    const picture = await createImageBitmap(file).catch(() => undefined);
    if (!picture) continue;
    thumbnails.set(key, small(picture));
    picture.close();
    redraw();
  }
}

/** The middle of a picture, as a square. @param {ImageBitmap} picture */
function small(picture) {
  const canvas = document.createElement("canvas");
  const side = Math.min(picture.width, picture.height);
  const [x, y] = [(picture.width - side) / 2, (picture.height - side) / 2];
  canvas.width = canvas.height = 112;
  canvas.getContext("2d")?.drawImage(picture, x, y, side, side, 0, 0, 112, 112);
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}

/** @param {string} [language] */
async function translate(language) {
  if (language) speaker = await speak(language);
  drawLanguage(speaker.language, LANGUAGES, translate);
  if (api) redraw();
}

for (const id of ["camera", "library"]) input(id).onchange = () => chosen(input(id));
// Another code scanned into the same tab changes nothing but the fragment.
addEventListener("hashchange", () => location.reload());
addEventListener("offline", redraw);
addEventListener("online", () => {
  redraw();
  poll?.now();
});
addEventListener("pageshow", ({ persisted }) => persisted && poll?.now());
document.addEventListener("visibilitychange", () => document.hidden || poll?.now());
addEventListener("beforeunload", (event) => {
  if (items.some(({ state }) => ["waiting", "sending", "retrying"].includes(state))) {
    event.preventDefault();
  }
});

await translate();
await start();
