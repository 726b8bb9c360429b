/** The phone page: claims the session of the code that was scanned, and sends photos. */

import { connect, troubleOf } from "./api.js";
import { load, pause } from "./backoff.js";
import { loadConfig, Unusable } from "./config.js";
import { $, drawLanguage, drawProblem, hideProblem, input, show } from "./dom.js";
import { LANGUAGES, speak } from "./i18n.js";
import { openLedger, randomHex, sweep } from "./ledger.js";
import { linkOf } from "./link.js";
import { draw, drawTime } from "./phone_view.js";
import { startPoll } from "./poll.js";
import { isOpen, startQueue } from "./sending.js";
import { isOver, isState, step } from "./session.js";
import { remember } from "./store.js";

/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./phone_view.js").Stage} Stage */

const POLL = 30_000;
const POLL_FOR_ARRIVAL = 2_000;
const POLLS_FOR_ARRIVAL = 10;
const BEAT = 2_000;
/** @type {Record<number, Stage>} */
const REFUSALS = {
  401: "unknownCode",
  404: "unknownCode",
  409: "taken",
  410: "closed",
  422: "unknownCode",
};

const link = linkOf(location.href);
const { sessionId, uploadToken } = link ?? { sessionId: "", uploadToken: "" };
sweep("phone.", Date.now());
const ledger = openLedger(remember(`phone.${sessionId}`, true), randomHex);

let speaker = await speak();
/** @type {import("./api.js").Api} */
let api;
/** @type {Session} */
let session = { sessionId, rev: -1, status: "", expiresAt: Infinity, uploads: [] };
/** @type {Stage} */
let stage = "connecting";
let rules = { matchCode: "", maxBytes: 0, maxUploads: 0, types: /** @type {string[]} */ ([]) };
/** @type {ReturnType<typeof startQueue> | undefined} */
let queue;
/** @type {import("./sending.js").Item[]} */
let items = [];
/** @type {ReturnType<typeof startPoll> | undefined} */
let poll;
/** @type {import("./api.js").Trouble} */
let trouble = "";
let hurried = 0;
/** @type {ReturnType<typeof setInterval>[]} */
let timers = [];
/** By how many seconds the service's clock is ahead of the page's own counter. */
let ahead = -Infinity;
/** @type {Map<string, HTMLCanvasElement>} */
const thumbnails = new Map();
/** What photos need; it comes while the person chooses them.
 *  @type {Promise<typeof import("./tools.js")> | undefined} */
let tools;
/** @type {Promise<unknown>} */
let previewing = Promise.resolve();

const now = () => Math.floor(ahead + performance.now() / 1000);
const left = () => session.expiresAt - now();

function view() {
  return {
    ...{ speaker, stage, items, thumbnails, left: left(), used: session.uploads.length, ...rules },
    takenBack: session.uploads.some(
      ({ id, status }) => status === "REQUESTED" && ledger.isTakenBack(id),
    ),
    trouble: navigator.onLine ? trouble : "offline",
    onDismiss: dismiss,
    onAgain: (/** @type {string} */ key) => queue?.again(key),
    hasWayOn: (/** @type {string} */ key) => queue?.hasWayOn(key) ?? false,
  };
}

function redraw() {
  draw(view());
  const busy = items.some(({ state }) => state === "sending" || state === "retrying");
  tools?.then(({ stayAwake }) => stayAwake(busy));
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
  if (!link) return enter("noLink");
  // What opens a link in a mail or a chat may be a program that looks for viruses or a preview.
  if (link.copied && !ledger.known()) return enter("ask");
  redraw();
  await visible();
  await claim();
}

/** @param {Unusable} error */
async function explain({ problem, address }) {
  drawProblem(speaker.t(problem), address);
  if (problem !== "unreachable") return;
  await pause(3);
  await start();
}

/** Resolves once somebody looks: a browser may load a page ahead that is never opened. */
async function visible() {
  while (document.hidden) {
    await new Promise((resolve) =>
      document.addEventListener("visibilitychange", resolve, { once: true }),
    );
  }
}

/** @param {Stage} next */
function enter(next) {
  stage = next;
  redraw();
}

async function claim() {
  // Before the claim: a browser may drop the page while its answer is on the way.
  const nonce = ledger.nonce();
  for (let failures = 1; stage === "connecting"; failures++) {
    const { status, body } = await api.claim(sessionId, uploadToken, nonce);
    const why = REFUSALS[status];
    trouble = status === 200 || why ? "" : troubleOf(status);
    if (status === 200) return claimed(body);
    if (why) return refused(why);
    redraw();
    await pause(failures);
  }
}

/** @param {Stage} why */
function refused(why) {
  ledger.forget();
  enter(why);
}

/** @param {any} body */
function claimed({ phoneToken: token, matchCode, maxBytes, maxUploads, types }) {
  rules = { matchCode, maxBytes, maxUploads, types };
  queue = startQueue({
    ask: (upload) => api.ask(sessionId, token, upload),
    put: async (...upload) => (await photoTools()).put(...upload),
    look: () => look(token),
    ledger,
    now,
    onChange: changed,
    onPrepared: preview,
  });
  enter("ready");
  poll = startPoll({
    read: (etag) => api.read(sessionId, token, etag),
    every: interval,
    onState: take,
    onReach: reached,
    onGone: () => {
      session = { ...session, status: "CANCELLED" };
      settle();
      enter("unknownCode");
    },
  });
  poll.now();
  timers = [setInterval(tick, 1000), setInterval(ledger.beat, BEAT)];
}

function photoTools() {
  tools ??= load("./tools.js", () => items.length === 0);
  return tools;
}

/** Often for a little while after a photo was sent, to see it arrive. */
function interval() {
  const awaited = items.some(({ state }) => state === "sent");
  return awaited && hurried++ < POLLS_FOR_ARRIVAL ? POLL_FOR_ARRIVAL : POLL;
}

/** @param {string} token @returns {Promise<Session | undefined>} */
async function look(token) {
  const { status, body } = await api.read(sessionId, token);
  if (status !== 200 || !isState(body)) return undefined;
  learn(body);
  return session;
}

/** @param {any} state */
function learn(state) {
  if (Number.isFinite(state.now)) ahead = state.now - performance.now() / 1000;
  session = step(session, state);
}

/** @param {unknown} message */
function take(message) {
  learn(message);
  settle();
  if (isOver(session, now()) && stage === "ready") stage = "closed";
  redraw();
}

const underWay = () => items.some(({ state }) => ["sending", "sent"].includes(state));

/** Once nothing more can come, nothing is asked for any longer, and nothing is kept. */
function settle() {
  queue?.follow(session);
  if (!isOver(session, now()) || underWay()) return;
  for (const timer of timers) clearInterval(timer);
  poll?.stop();
  ledger.forget();
}

/** The clock brings the session's end, and no message. */
function tick() {
  drawTime(view());
  if (stage !== "ready") settle();
  else if (isOver(session, now())) take({});
}

/** @param {typeof trouble} next */
function reached(next) {
  if (next === trouble) return;
  trouble = next;
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
  queue?.add(files, async (file, asItIs) =>
    (await photoTools()).prepare(file, { ...rules, removeLocation: removeLocation && !asItIs }),
  );
  scrollTo(0, 0);
}

/** @param {string} key */
function dismiss(key) {
  queue?.dismiss(key);
  thumbnails.delete(key);
  $("status").focus();
}

/** Small pictures, one after the other: a phone can't hold many large ones at once.
 *  @param {string} key @param {Blob} body */
function preview(key, body) {
  previewing = previewing.then(async () => {
    if (!items.some((item) => item.key === key)) return;
    const picture = await (await photoTools()).thumbnailOf(body);
    if (!picture) return;
    thumbnails.set(key, picture);
    redraw();
  });
}

function awake() {
  redraw();
  if (!document.hidden) poll?.now();
}

/** @param {string} [language] */
async function translate(language) {
  if (language) speaker = await speak(language);
  drawLanguage(speaker.language, LANGUAGES, translate);
  if (api) redraw();
}

for (const id of ["camera", "library"]) input(id).onchange = () => chosen(input(id));
for (const hint of ["pointerdown", "focusin"]) $("send").addEventListener(hint, photoTools);
$("connect").onclick = () => {
  enter("connecting");
  $("status").focus();
  claim();
};
// Another code scanned into the same tab changes nothing but the fragment.
addEventListener("hashchange", () => location.reload());
addEventListener("offline", redraw);
addEventListener("online", awake);
addEventListener("pagehide", ledger.leave);
addEventListener("pageshow", ({ persisted }) => persisted && awake());
document.addEventListener("visibilitychange", awake);
addEventListener("beforeunload", (event) => {
  if (items.some((item) => isOpen(item) && item.state !== "unfinished")) event.preventDefault();
});

await translate();
await start();
