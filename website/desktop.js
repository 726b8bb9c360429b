/** The desktop page: makes a code, follows its session, and shows the photos that arrive. */

import { connect, isPassing } from "./api.js";
import { pause } from "./backoff.js";
import { loadConfig, Unusable } from "./config.js";
import { draw, drawTime } from "./desktop_view.js";
import { $, drawLanguage, drawProblem, hideProblem, input, say, show } from "./dom.js";
import { LANGUAGES, speak } from "./i18n.js";
import { fileName, isImage } from "./images.js";
import { startPoll } from "./poll.js";
import { isOver, isSettled, phase, step } from "./session.js";
import { startSocket } from "./socket.js";
import { remember } from "./store.js";

/** @typedef {import("./desktop_view.js").Picture} Picture */
/** @typedef {import("./session.js").Session} Session */
/**
 * @typedef {object} Code what the tab knows of its session and nobody else does
 * @property {Session} session
 * @property {string} desktopToken
 * @property {string} uploadToken
 * @property {number} skew seconds by which the service's clock is ahead of this one
 */

const POLL = 30_000;
const POLL_WITHOUT_PUSHES = 5_000;
// Four hours of codes that nobody scans: then nobody is there.
const RENEWALS = 8;

const store = /** @type {ReturnType<typeof remember<Code>>} */ (remember("desktop"));
const later = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

let speaker = await speak();
/** @type {import("./config.js").Config} */
let config;
/** @type {import("./api.js").Api} */
let api;
/** @type {Code | null} */
let code = null;
/** @type {Picture[]} */
let pictures = [];
/** @type {{ stop(): void, now(): void } | undefined} */
let following;
let reach = { poll: true, pushes: false };
let renewals = RENEWALS;
let stopping = { busy: false, failed: false };
let creating = 0;

function clock() {
  return Math.floor(Date.now() / 1000) + (code?.skew ?? 0);
}

function link() {
  if (!code) return "";
  const { session, uploadToken } = code;
  return new URL(`phone.html#1.${session.sessionId}.${uploadToken}`, location.href).href;
}

function view() {
  const unreachable = !reach.poll && !reach.pushes;
  return {
    ...{ speaker, session: code?.session, link: link(), now: clock(), pictures },
    ...{ offline: !navigator.onLine || unreachable, ...stopping },
    ...{ onDownload: download, onBlank: blank },
  };
}

const redraw = () => draw(view());

async function start() {
  try {
    config = await loadConfig();
  } catch (error) {
    return explain(/** @type {Unusable} */ (error));
  }
  hideProblem();
  show($("stage"), true);
  show($("main"), true);
  show($("boot"), false);
  api = connect(config.httpApiUrl);
  code = store.read();
  if (code) follow();
  else await renew();
}

/** @param {Unusable} error */
async function explain({ problem, address }) {
  drawProblem(speaker.t(problem), address);
  if (problem !== "unreachable") return;
  await pause(3);
  await start();
}

/** A new code in place of the one that is shown. */
async function renew() {
  const mine = ++creating;
  following?.stop();
  code = null;
  store.forget();
  stopping = { busy: false, failed: false };
  redraw();
  const made = await create(mine);
  if (!made || mine !== creating) return;
  code = made;
  store.write(code);
  follow();
}

/** @param {number} mine @returns {Promise<Code | undefined>} */
async function create(mine) {
  for (let failures = 1; mine === creating; failures++) {
    const { status, body } = await api.create();
    if (status === 201) return codeOf(body);
    reach = { poll: false, pushes: false };
    redraw();
    await pause(isPassing(status) ? failures : 6);
  }
}

/** @param {any} body @returns {Code} */
function codeOf({ sessionId, rev, status, createdAt, expiresAt, desktopToken, uploadToken }) {
  const session = { sessionId, rev, status, expiresAt, uploads: [] };
  const skew = createdAt - Math.floor(Date.now() / 1000);
  return { session, desktopToken, uploadToken, skew };
}

/** Takes every news of the session, pushed or polled. */
function follow() {
  if (!code) return;
  const { session, desktopToken: token } = code;
  const { sessionId } = session;
  reach = { poll: true, pushes: false };
  const poll = startPoll({
    read: (etag) => api.read(sessionId, token, etag),
    every: () => (reach.pushes || document.hidden ? POLL : POLL_WITHOUT_PUSHES),
    onState: take,
    onReach: (ok) => reached({ poll: ok }),
    onGone: gone,
  });
  const { webSocketUrl: url } = config;
  const onLive = (/** @type {boolean} */ pushes) => reached({ pushes });
  const socket = startSocket({ url, sessionId, token, onState: take, onLive });
  following = {
    stop() {
      poll.stop();
      socket.stop();
    },
    now() {
      poll.now();
      socket.now();
    },
  };
  if (session.rev > 1) poll.now();
  take(undefined);
}

/** @param {unknown} message */
function take(message) {
  if (!code) return;
  code.session = step(code.session, message);
  store.write(code);
  pictures = withUploads(pictures, code.session);
  redraw();
  fetchPictures();
  settle();
}

/** @param {Partial<typeof reach>} change */
function reached(change) {
  const without = { ...reach, ...change };
  if (without.poll === reach.poll && without.pushes === reach.pushes) return;
  reach = without;
  redraw();
}

/** The session is deleted. What has arrived stays; a code without any use is replaced. */
function gone() {
  following?.stop();
  if (!code) return;
  code.session = { ...code.session, status: "EXPIRED", expiresAt: 0 };
  pictures = pictures.filter(({ url }) => url);
  redraw();
  settle();
}

/** Once nothing more can come. */
function settle() {
  if (!code || !isSettled(code.session, clock())) return;
  const { status, matchCode } = code.session;
  // Until the service says so itself, it is only this clock that thinks the time is up.
  if (["CANCELLED", "EXPIRED", "COMPLETED"].includes(status)) following?.stop();
  const useless =
    matchCode === undefined || (pictures.length === 0 && code.session.expiresAt === 0);
  if (status !== "EXPIRED" || !useless || document.hidden || renewals === 0) return;
  renewals -= 1;
  renew();
}

/**
 * The pictures with what the session says of them; those of earlier codes stay.
 *
 * @param {Picture[]} old @param {Session} session @returns {Picture[]}
 */
function withUploads(old, { uploads }) {
  const known = old.map((picture) => {
    const upload = uploads.find(({ id }) => id === picture.upload.id);
    return upload ? Object.assign(picture, { upload }) : picture;
  });
  const fresh = uploads.filter(({ id }) => !known.some(({ upload }) => upload.id === id));
  const numbered = fresh.map((upload, at) => ({ number: known.length + at + 1, upload }));
  return [...known, ...numbered];
}

const fetching = new Set();

/** Gets each stored picture once, two at a time; it is shown and downloaded from memory. */
async function fetchPictures() {
  const next = pictures.find(
    ({ upload, url }) => upload.status === "STORED" && !url && !fetching.has(upload.id),
  );
  if (!next || !code || fetching.size >= 2) return;
  const { session, desktopToken } = code;
  if (!session.uploads.some(({ id }) => id === next.upload.id)) return;
  fetching.add(next.upload.id);
  for (let failures = 1; isWanted(next, session); failures++) {
    const bytes = await content(session.sessionId, desktopToken, next.upload);
    if (bytes) next.url = URL.createObjectURL(bytes);
    else await pause(failures);
  }
  fetching.delete(next.upload.id);
  redraw();
  fetchPictures();
}

/** @param {Picture} picture @param {Session} session */
function isWanted(picture, { sessionId }) {
  return !picture.url && pictures.includes(picture) && code?.session.sessionId === sessionId;
}

/** @param {string} sessionId @param {string} token @param {import("./session.js").Upload} upload */
async function content(sessionId, token, { id, contentType }) {
  const { status, body } = await api.image(sessionId, token, id);
  if (status !== 200) return undefined;
  try {
    const answer = await fetch(body.url, { cache: "no-store" });
    if (!answer.ok) return undefined;
    const type = isImage(contentType) ? contentType : "application/octet-stream";
    return new Blob([await answer.arrayBuffer()], { type });
  } catch {
    return undefined;
  }
}

/** @param {Picture} picture */
function blank(picture) {
  picture.blank = true;
  redraw();
}

/** @param {Picture} picture */
function download({ url, number, upload }) {
  if (!url) return;
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = fileName(number, upload.contentType);
  anchor.click();
}

async function stop() {
  if (!code || stopping.busy) return;
  const { session, desktopToken } = code;
  stopping = { busy: true, failed: false };
  redraw();
  const { status, body } = await api.cancel(session.sessionId, desktopToken);
  if (code?.session.sessionId !== session.sessionId) return;
  stopping = { busy: false, failed: status !== 200 && status !== 404 };
  if (status === 404) gone();
  else take(body);
  if (!stopping.failed) $("status").focus();
}

/** The person asks for a new code: the one that nobody has used must not work any longer. */
async function replace() {
  renewals = RENEWALS;
  const old = code;
  const open = old && !isOver(old.session, clock());
  if (open) api.cancel(old.session.sessionId, old.desktopToken);
  await renew();
  $("status").focus();
}

async function copy() {
  const field = input("link");
  field.select();
  const done = await copied(field.value);
  // Left in the field, the selection is what a person copies by hand.
  if (done) $("copy").focus();
  say($("copy-text"), speaker.t(done ? "copied" : "copyByHand"));
  await later(2500);
  say($("copy-text"), speaker.t("copy"));
}

/** Without HTTPS a browser has no clipboard but the old command. @param {string} text */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}

function awake() {
  if (document.hidden) return;
  following?.now();
  settle();
}

/** @param {string} [language] */
async function translate(language) {
  if (language) speaker = await speak(language);
  drawLanguage(speaker.language, LANGUAGES, translate);
  if (config) redraw();
}

$("renew").onclick = replace;
$("stop").onclick = stop;
$("copy").onclick = copy;
input("link").onfocus = () => input("link").select();
document.addEventListener("visibilitychange", awake);
addEventListener("online", awake);
addEventListener("offline", redraw);
addEventListener("pageshow", ({ persisted }) => persisted && awake());

let stage = "";
setInterval(() => {
  if (!code) return;
  drawTime(view());
  const now = `${phase(code.session, clock())} ${isSettled(code.session, clock())}`;
  if (now === stage) return;
  stage = now;
  redraw();
  if (isOver(code.session, clock())) following?.now();
  settle();
}, 1000);

await translate();
await start();
