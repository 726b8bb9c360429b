/** The desktop page: makes a code, follows its session, and shows the photos that arrive. */

import { connect, isPassing, troubleOf } from "./api.js";
import { load, pause } from "./backoff.js";
import { startClock } from "./clock.js";
import { loadConfig, Unusable } from "./config.js";
import { draw, drawTime } from "./desktop_view.js";
import { $, drawLanguage, drawProblem, hideProblem, input, say, show } from "./dom.js";
import { LANGUAGES, speak } from "./i18n.js";
import { count, isHere, isLate, isSettled, phase, withoutLate, withUploads } from "./pictures.js";
import { startPoll } from "./poll.js";
import { isOver, isState, step } from "./session.js";
import { startSocket } from "./socket.js";
import { remember } from "./store.js";

/** @typedef {import("./pictures.js").Picture} Picture */
/** @typedef {import("./session.js").Session} Session */
/**
 * @typedef {object} Code what the tab knows of its session and nobody else does
 * @property {Session} session
 * @property {string} desktopToken
 * @property {string} uploadToken
 * @property {number} seenAt the service's time when it last told any
 * @property {number} most photos that the session takes
 */

const POLL = 30_000;
const POLL_WITHOUT_PUSHES = 5_000;
// Four hours of codes that nobody scans: then nobody is there.
const RENEWALS = 8;
// The link for those who copy it: what opens it by itself, to look for harm or a preview, takes nothing.
const COPIED = ".ask";

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
/** @type {{ stop(): void, now(): void, fresh(): void } | undefined} */
let following;
/** What keeps the polls away, and whether pushes come. */
let reach = { poll: /** @type {import("./api.js").Trouble} */ (""), pushes: false };
let renewals = RENEWALS;
let stopping = { busy: false, failed: false };
let saving = false;
let creating = 0;

const clock = startClock();
/** Who tells where a photo's bytes are. @type {WeakMap<Picture, import("./fetching.js").Locate>} */
const places = new WeakMap();
/** What photos need, once there is one. @type {import("./gallery.js").Gallery | undefined} */
let gallery;
let isGalleryComing = false;

async function loadGallery() {
  if (isGalleryComing) return;
  isGalleryComing = true;
  const { startGallery } = /** @type {typeof import("./gallery.js")} */ (
    await load("./gallery.js")
  );
  gallery = await startGallery(view, changed);
  redraw();
  fetchPictures();
}

/** @param {Picture} [lost] whose bytes are gone for good */
function changed(lost) {
  pictures = pictures.filter((picture) => picture !== lost);
  redraw();
}

function link() {
  if (!code) return "";
  const { session, uploadToken } = code;
  return new URL(`phone.html#1.${session.sessionId}.${uploadToken}`, location.href).href;
}

/** The session as a person sees it. */
const seen = () => withoutLate(code?.session, pictures, clock.now());

/** What there is to draw. */
export function view() {
  const reached = reach.pushes ? "" : reach.poll;
  return {
    ...{ speaker, session: seen(), link: link(), now: clock.now(), pictures },
    ...{ trouble: navigator.onLine ? reached : "offline", ...stopping, saving },
    most: code?.most ?? Infinity,
  };
}

function redraw() {
  draw(view());
  gallery?.draw();
  if (pictures.length > 0) loadGallery();
}

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
  if (Array.isArray(code?.session?.uploads)) follow();
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
    reach = { poll: troubleOf(status), pushes: false };
    redraw();
    await pause(isPassing(status) ? failures : 6);
  }
}

/** @param {any} body @returns {Code} */
function codeOf({ desktopToken, uploadToken, maxUploads: most, createdAt: seenAt, ...session }) {
  const { sessionId, rev, status, expiresAt } = session;
  const known = { sessionId, rev, status, expiresAt, uploads: [] };
  return { session: known, desktopToken, uploadToken, seenAt, most };
}

/** Takes every news of the session, pushed or polled. */
function follow() {
  if (!code) return;
  const { session, desktopToken: token, seenAt } = code;
  const { sessionId } = session;
  clock.set(seenAt);
  reach = { poll: "", pushes: false };
  const poll = startPoll({
    read: (etag) => api.read(sessionId, token, etag),
    every: () => (reach.pushes || document.hidden ? POLL : POLL_WITHOUT_PUSHES),
    onState: take,
    onReach: (poll) => reached({ poll }),
    onGone: gone,
  });
  const { webSocketUrl: url } = config;
  const onLive = (/** @type {boolean} */ pushes) => reached({ pushes });
  const { isHeld } = api;
  const socket = startSocket({ url, sessionId, token, onState: take, onLive, isHeld });
  following = {
    stop() {
      poll.stop();
      socket.stop();
    },
    now() {
      poll.now();
      socket.now();
    },
    fresh: poll.fresh,
  };
  if (session.rev > 1) poll.now();
  take(undefined);
}

/** @param {unknown} message */
function take(message) {
  if (!code) return;
  const { sessionId } = code.session;
  if (isState(message) && message.sessionId === sessionId) clock.set(message.now);
  code.session = step(code.session, message);
  code.seenAt = clock.now();
  store.write(code);
  pictures = withUploads(pictures, code.session, clock.now());
  redraw();
  fetchPictures();
  settle();
}

/** Gets the photos, each by the code that it came with: also after a new one. */
function fetchPictures() {
  if (!code) return;
  const { session, desktopToken: token } = code;
  /** @type {import("./fetching.js").Locate} */
  const here = (id) => locate(session.sessionId, token, id);
  for (const picture of pictures) {
    if (!places.has(picture)) places.set(picture, here);
  }
  gallery?.follow(pictures, places);
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
  pictures = pictures.filter(isHere);
  redraw();
  settle();
}

/** Once nothing more can come. */
function settle() {
  if (!code || !isSettled(code.session, clock.now())) return;
  const { status, matchCode } = code.session;
  // Until the service says so itself, it is only this clock that thinks the time is up.
  if (["CANCELLED", "EXPIRED", "COMPLETED"].includes(status)) following?.stop();
  const useless =
    matchCode === undefined || (pictures.length === 0 && code.session.expiresAt === 0);
  if (status !== "EXPIRED" || !useless || document.hidden || renewals === 0) return;
  renewals -= 1;
  renew();
}

/** @param {string} sessionId @param {string} token @param {string} id of an upload */
async function locate(sessionId, token, id) {
  const { status, body } = await api.image(sessionId, token, id);
  if (status === 404 || status === 401) return null;
  return status === 200 ? String(body.url) : undefined;
}

async function keepAll() {
  saving = true;
  redraw();
  await gallery?.saveAll();
  saving = false;
  redraw();
}

/**
 * Whether a person wants to end the code although photos are on their way.
 *
 * @param {string} yes @returns {Promise<boolean>}
 */
function isMeant(yes) {
  const session = seen();
  const n = session && !isSettled(session, clock.now()) ? count(session, "REQUESTED") : 0;
  if (n === 0) return Promise.resolve(true);
  const dialog = /** @type {HTMLDialogElement} */ ($("question"));
  say($("question-text"), speaker.t("stillComing", { n }));
  say($("question-yes"), yes);
  $("question-yes").onclick = () => dialog.close("yes");
  $("question-no").onclick = () => dialog.close("no");
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue === "yes");
  });
}

async function stop() {
  if (stopping.busy || !(await isMeant(speaker.t("stopAnyway"))) || !code) return;
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
  if (!(await isMeant(speaker.t("newCode")))) return;
  renewals = RENEWALS;
  const old = code;
  const open = old && !isOver(old.session, clock.now());
  if (open) api.cancel(old.session.sessionId, old.desktopToken);
  await renew();
  $("status").focus();
}

async function copy() {
  const field = input("link");
  field.select();
  const done = await copied(field.value + COPIED);
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

/** However the link is copied, it is the one for copying. @param {ClipboardEvent} event */
function mark(event) {
  event.clipboardData?.setData("text/plain", input("link").value + COPIED);
  event.preventDefault();
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
$("save-all").onclick = keepAll;
$("copy").onclick = copy;
input("link").onfocus = () => input("link").select();
input("link").oncopy = mark;
document.addEventListener("visibilitychange", awake);
addEventListener("online", awake);
addEventListener("offline", redraw);
addEventListener("pageshow", ({ persisted }) => persisted && awake());

let asked = -Infinity;

/** A clock that was set and a computer that slept look alike: the service knows. */
function askForTheTime() {
  const soon = performance.now() - asked < 10_000;
  if (soon || !clock.isDoubtful() || !code || isSettled(code.session, clock.now())) return;
  asked = performance.now();
  following?.fresh();
}

let stage = "";
setInterval(() => {
  if (!code) return;
  askForTheTime();
  drawTime(view());
  const now = clock.now();
  const late = pictures.filter((one) => isLate(one, now)).length;
  const next = `${phase(code.session, now)} ${isSettled(code.session, now)} ${late}`;
  if (next === stage) return;
  stage = next;
  redraw();
  if (isOver(code.session, now)) following?.now();
  settle();
}, 1000);

await translate();
await start();
