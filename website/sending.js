/** The phone's queue: each photo is read, announced, put into the bucket, and its fate asked for. */

import { isPassing } from "./api.js";
import { pause } from "./backoff.js";
import { randomHex } from "./ledger.js";
import { GRACE_SECONDS, isOver } from "./session.js";

/** @typedef {import("./api.js").Answer} Answer */
/** @typedef {import("./session.js").Session} Session */
/** @typedef {{ body: Blob, type: string, digest: string, name: string }} Prepared
 *  `name` as it is announced, empty where nothing is left of it */
/** @typedef {"connection" | "busy" | "service" | "bucket" | "refused" | "elsewhere"} Reason */
/** @typedef {{ uploadId: string, contentType: string, size: number, name?: string }} Upload */
/**
 * @typedef {object} Item
 * @property {string} key what the page knows it by
 * @property {string} [id] what the session knows it by, once it was announced
 * @property {string} name
 * @property {"waiting" | "sending" | "retrying" | "elsewhere" | "sent" | "arrived" | "rejected"
 *   | "failed" | "unfinished"} state
 * @property {number} share of the photo that has left, 0 to 1
 * @property {Reason} [reason] why it is tried again
 * @property {string} [problem] why it failed: a key of the words
 */
/**
 * @typedef {object} Held what is needed to send a photo, until it is settled
 * @property {(asItIs: boolean) => Promise<Prepared>} prepare
 * @property {AbortController} stop
 * @property {Prepared} [prepared]
 */

const LANES = 2;
// A missing connection, or a service that says to wait, is waited for without an end.
/** @type {Record<string, number>} */
const MOST_TRIES = { service: 10, bucket: 7, refused: 4 };
/** @type {Record<string, string>} */
const ENDS = { service: "serviceFails", bucket: "storageFails", refused: "storageFails" };
const ENDED = ["arrived", "rejected", "failed"];
const WITH_A_WAY_ON = ["serviceFails", "storageFails", "locationStays"];

/** What S3's answer to the upload means; `look`: see what the session says, then ask again.
 *  @param {number} status @returns {"done" | "same" | "look"} */
export function afterPut(status) {
  if ((status >= 200 && status < 300) || status === 412) return "done";
  return status === 409 ? "same" : "look";
}

/**
 * What an upload failed for: its connection, or the bucket. Without a readable answer it is the
 * connection where the service can't be reached either, or where it broke off midway.
 *
 * @param {number} status @param {number} share that had left @param {boolean} reached the service
 * @returns {Reason}
 */
export function blame(status, share, reached) {
  if (status === 0) return reached && (share === 0 || share === 1) ? "bucket" : "connection";
  return isPassing(status) ? "bucket" : "refused";
}

/**
 * What the answer to "may I upload this?" means: `put` it, it is `done`, the session is `over`,
 * `look` what became of it, `again` later, or else the problem's name.
 *
 * @param {Answer} answer
 */
export function afterAsk({ status, body }) {
  if ((status === 200 || status === 201) && typeof body.url === "string") return "put";
  if (status === 409) return CONFLICTS[body.error] ?? "look";
  return isPassing(status) ? "again" : (REFUSALS[status] ?? "again");
}

/** @type {Record<string, string>} */
const CONFLICTS = { already_stored: "done", quota: "full" };
/** @type {Record<number, Reason>} */
const BLAME = { 0: "connection", 429: "busy" };
/** @type {Record<number, string>} */
const REFUSALS = {
  401: "over",
  404: "over",
  410: "over",
  413: "tooLarge",
  415: "wrongType",
  422: "wrongType",
};

/** What a session says of one upload. @param {Session} session @param {string | undefined} id
 *  @param {number} now Unix seconds */
export function fate(session, id, now) {
  const upload = session.uploads.find((one) => one.id === id);
  if (upload?.status === "STORED") return "arrived";
  if (upload?.status === "REJECTED") return "rejected";
  return isOver(session, now) ? "over" : "open";
}

/** Whether something is still to be done for a photo. @param {Item} item */
export const isOpen = ({ state }) =>
  ["waiting", "sending", "retrying", "elsewhere", "unfinished"].includes(state);

/**
 * @param {object} wanted
 * @param {(upload: Upload) => Promise<Answer>} wanted.ask
 * @param {typeof import("./put.js").put} wanted.put
 * @param {() => Promise<Session | undefined>} wanted.look the session, if it can be read now
 * @param {import("./ledger.js").Ledger} wanted.ledger
 * @param {(items: Item[]) => void} wanted.onChange
 * @param {(key: string, body: Blob) => void} [wanted.onPrepared] it will be sent
 * @param {() => number} [wanted.now] Unix seconds
 * @param {typeof pause} [wanted.wait]
 */
export function startQueue({ ask, put, look, ledger, onChange, ...wanted }) {
  const { onPrepared, now = () => 0, wait = pause } = wanted;
  /** @type {Item[]} */
  let items = ledger.unfinished().map(({ id, name }) => ({
    ...{ key: id, id, name, share: 0 },
    state: "unfinished",
  }));
  /** @type {Map<string, Held>} */
  const held = new Map();
  let busy = 0;
  /** @type {Promise<unknown>} */
  let preparing = Promise.resolve();
  /** @type {Promise<unknown>} */
  let asking = Promise.resolve();

  /** @param {string} key */
  const itemOf = (key) => items.find((item) => item.key === key && isOpen(item));

  /** @param {string} key @param {Partial<Item>} change */
  function change(key, change) {
    items = items.map((item) => (item.key === key ? { ...item, ...change } : item));
    onChange(items);
  }

  /** Nothing is left to do. @param {Item} item @param {Partial<Item>} how */
  function settle({ key, id }, how) {
    held.get(key)?.stop.abort();
    held.delete(key);
    ledger.finish(id);
    change(key, { reason: undefined, problem: undefined, ...how });
  }

  /** @param {string} key @param {string} problem */
  function fail(key, problem) {
    if (!WITH_A_WAY_ON.includes(problem)) {
      held.get(key)?.stop.abort();
      held.delete(key);
      ledger.release(items.find((item) => item.key === key)?.id);
    }
    change(key, { state: "failed", reason: undefined, problem });
  }

  /** Reads a photo when those before it have been read: a phone can't hold many at once.
   *  @param {string} key @param {boolean} asItIs */
  function prepare(key, asItIs) {
    preparing = preparing.then(async () => {
      const mine = held.get(key);
      if (!mine || !itemOf(key)) return;
      try {
        // A file that doesn't come, once it is taken back, keeps no other waiting.
        const { signal } = mine.stop;
        /** @type {Promise<never>} */
        const back = new Promise((_, reject) => signal.addEventListener("abort", reject));
        mine.prepared = await Promise.race([mine.prepare(asItIs), back]);
      } catch (error) {
        return itemOf(key) && fail(key, /** @type {Error} */ (error).message);
      }
      if (!itemOf(key)) return;
      onPrepared?.(key, mine.prepared.body);
      work();
    });
  }

  async function work() {
    const next = items.find(({ key, state }) => state === "waiting" && held.get(key)?.prepared);
    if (!next || busy >= LANES) return;
    busy += 1;
    change(next.key, { state: "sending" });
    work();
    await deliver(next.key, /** @type {Held} */ (held.get(next.key)));
    busy -= 1;
    work();
  }

  /** @param {string} key @param {Held} held */
  async function deliver(key, { prepared, stop }) {
    const { body, ...known } = /** @type {Prepared} */ (prepared);
    const photo = { ...known, size: body.size, id: key };
    photo.id = takeOver(photo) ?? key;
    change(key, { id: photo.id });
    /** @type {Reason | undefined} */
    let blamed;
    for (let failures = 1, times = 0; itemOf(key); failures++) {
      const reason = await attempt(key, photo, body, stop.signal);
      if (!reason || !itemOf(key)) return;
      times = reason === blamed ? times + 1 : 1;
      blamed = reason;
      if (times >= MOST_TRIES[reason]) return fail(key, ENDS[reason]);
      change(key, { state: reason === "elsewhere" ? reason : "retrying", reason, share: 0 });
      await wait(reason === "elsewhere" ? 1 : failures, stop.signal);
    }
  }

  /** The id under which another page has sent the same photo; its row here goes.
   *  @param {import("./ledger.js").Photo} photo */
  function takeOver(photo) {
    const id = ledger.find(photo);
    if (items.some((item) => item.id === id && item.state !== "unfinished")) return undefined;
    items = items.filter((item) => item.key !== id);
    return id;
  }

  /** Why a photo has to be tried again. @param {string} key
   *  @param {import("./ledger.js").Photo} photo @param {Blob} body @param {AbortSignal} signal
   *  @returns {Promise<Reason | undefined>} */
  async function attempt(key, photo, body, signal) {
    if (ledger.isElsewhere(photo.id)) return "elsewhere";
    ledger.take(photo);
    change(key, { state: "sending", share: 0 });
    const answer = await askInTurn(photo);
    const mine = itemOf(key);
    if (!mine) return undefined;
    const verdict = afterAsk(answer);
    if (verdict === "put") return store(key, answer.body, body, signal);
    if (verdict === "again") return BLAME[answer.status] ?? "service";
    if (verdict === "look") return (await isTold(key, true)) ? undefined : "connection";
    if (verdict === "done") settle(mine, { state: "sent", share: 1 });
    else if (verdict === "over") end(key);
    else fail(key, verdict);
    return undefined;
  }

  /** One after the other, so that photos stand at the desktop in the order of their choice.
   *  @param {import("./ledger.js").Photo} photo @returns {Promise<Answer>} */
  function askInTurn({ id, type, size, name }) {
    const upload = { uploadId: id, contentType: type, size, name: name || undefined };
    const answer = asking.then(() => ask(upload));
    asking = answer.catch(() => undefined);
    return answer;
  }

  /** @param {string} key @param {any} place @param {Blob} body @param {AbortSignal} signal
   *  @returns {Promise<Reason | undefined>} */
  async function store(key, { url, headers }, body, signal) {
    let [status, share] = [0, 0];
    /** @param {number} part */
    const onShare = (part) => {
      share = part;
      if (itemOf(key)) change(key, { share });
    };
    for (let failures = 1; failures <= 5; failures++) {
      share = 0;
      status = await put(url, headers, body, onShare, signal);
      const mine = itemOf(key);
      if (!mine) return undefined;
      const verdict = afterPut(status);
      if (verdict === "done") return void settle(mine, { state: "sent", share: 1 });
      if (verdict !== "same") break;
      change(key, { state: "retrying", reason: "bucket" });
      await wait(failures, signal);
      if (itemOf(key)) change(key, { state: "sending", share: 0 });
    }
    const told = await isTold(key, false);
    return told ? undefined : blame(status, share, told === false);
  }

  /** Whether the session tells what became of a photo, so that nothing is left to try; undefined
   *  where the session can't be read. @param {string} key
   *  @param {boolean} conflict the id already stands for another photo */
  async function isTold(key, conflict) {
    const session = await look();
    const mine = itemOf(key);
    if (!mine) return true;
    if (!session) return undefined;
    follow(session);
    const told = fate(session, mine.id, now());
    if (told === "over") end(key);
    if (told === "open" && conflict) fail(key, "failed");
    return told !== "open" || conflict;
  }

  /** @param {Session} session */
  function follow(session) {
    for (const item of items) {
      const told = fate(session, item.id, now());
      if ((told === "arrived" || told === "rejected") && item.state !== told) {
        settle(item, { state: told, share: 1 });
      }
    }
    // A photo that is on its way when the time is up still arrives; a stopped session drops it.
    const late = now() >= session.expiresAt + GRACE_SECONDS;
    if (isOver(session, now())) end(undefined, late || session.status === "CANCELLED");
  }

  /** Nothing more can be sent. @param {string} [key] @param {boolean} [all] */
  function end(key, all = false) {
    for (const item of items) {
      const idle = isOpen(item) && (item.key === key || item.state !== "sending");
      if (idle || (all && !ENDED.includes(item.state))) fail(item.key, "over");
    }
  }

  if (items.length > 0) onChange(items);
  return {
    /** @param {Iterable<File>} files
     *  @param {(file: File, asItIs: boolean) => Promise<Prepared>} prepareFile */
    add(files, prepareFile) {
      for (const file of files) {
        const key = randomHex(16);
        const stop = new AbortController();
        held.set(key, { stop, prepare: (asItIs) => prepareFile(file, asItIs) });
        items = [...items, { key, name: file.name, share: 0, state: "waiting" }];
        prepare(key, false);
      }
      onChange(items);
    },
    follow,
    /** Whether a photo that failed can be tried again. @param {string} key */
    hasWayOn: (key) => held.has(key) && !itemOf(key),
    /** Tries a photo again that failed; where its location can't be removed, with it.
     *  @param {string} key */
    again(key) {
      const mine = held.get(key);
      if (!mine) return;
      change(key, { state: "waiting", problem: undefined, share: 0 });
      if (mine.prepared) work();
      else prepare(key, true);
    },
    /** Takes a photo back, whatever is being done for it. @param {string} key */
    dismiss(key) {
      held.get(key)?.stop.abort();
      held.delete(key);
      ledger.release(items.find((item) => item.key === key)?.id);
      items = items.filter((item) => item.key !== key);
      onChange(items);
    },
  };
}
