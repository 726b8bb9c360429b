/**
 * The phone's queue: each image is prepared, announced, put into the bucket, and asked for again
 * until its fate is known. What an answer means is told by the pure functions above; the queue
 * below only carries it out.
 */

import { isPassing } from "./api.js";
import { pause } from "./backoff.js";
import { isOver } from "./session.js";
import { randomHex } from "./store.js";

/** @typedef {import("./api.js").Answer} Answer */
/** @typedef {import("./session.js").Session} Session */
/** @typedef {{ id: string, name: string, type: string, size: number }} Unfinished */
/** @typedef {{ body: Blob, type: string, note?: string }} Prepared */
/**
 * @typedef {object} Item
 * @property {string} key what the page knows it by
 * @property {string} [id] what the session knows it by, once it was announced
 * @property {string} name
 * @property {"waiting" | "sending" | "retrying" | "sent" | "arrived" | "rejected" | "failed"
 *   | "unfinished"} state
 * @property {number} share of the image that has left, 0 to 1
 * @property {string} [problem] why it failed: a key of the words
 * @property {string} [note] what else there is to know: a key of the words
 * @property {() => Promise<Prepared>} [prepare] throws an Error named by the problem
 */

const LANES = 2;

/** What S3's answer to the upload means; `look`: see what the session says, then ask again.
 *  @param {number} status @returns {"done" | "same" | "look"} */
export function afterPut(status) {
  if ((status >= 200 && status < 300) || status === 412) return "done";
  return status === 409 ? "same" : "look";
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
const CONFLICTS = { already_stored: "done", quota: "tooMany" };
/** @type {Record<number, string>} */
const REFUSALS = {
  401: "over",
  404: "over",
  410: "over",
  413: "tooLarge",
  415: "wrongType",
  422: "wrongType",
};

/** What a session says of one upload. @param {Session} session @param {string} [id] */
export function fate(session, id) {
  const upload = session.uploads.find((one) => one.id === id);
  if (upload?.status === "STORED") return "arrived";
  if (upload?.status === "REJECTED") return "rejected";
  return isOver(session, 0) ? "over" : "open";
}

/**
 * The id under which an image was announced before the page was reloaded: asking again with it
 * costs nothing of the session's quota.
 *
 * @param {Unfinished[]} unfinished @param {string} type @param {number} size
 */
export function earlierId(unfinished, type, size) {
  return unfinished.find((one) => one.type === type && one.size === size)?.id;
}

/** @param {Item} item */
const isOpen = ({ state }) => ["waiting", "sending", "retrying", "unfinished"].includes(state);

/**
 * @param {object} wanted
 * @param {(upload: { uploadId: string, contentType: string, size: number }) => Promise<Answer>}
 *   wanted.ask
 * @param {(url: string, headers: Record<string, string>, body: Blob,
 *   onShare: (share: number) => void) => Promise<number>} wanted.put
 * @param {() => Promise<Session | undefined>} wanted.look the session, if it can be read now
 * @param {Unfinished[]} wanted.unfinished left by an earlier life of this page
 * @param {(unfinished: Unfinished[]) => void} wanted.keep
 * @param {(items: Item[]) => void} wanted.onChange
 * @param {(failures: number) => Promise<void>} [wanted.wait]
 */
export function startQueue({ ask, put, look, onChange, keep, wait = pause, ...wanted }) {
  let unfinished = wanted.unfinished;
  /** @type {Item[]} */
  let items = unfinished.map(({ id, name }) => ({
    ...{ key: id, id, name, share: 0 },
    state: "unfinished",
  }));
  let busy = 0;

  /** @param {string} key @param {Partial<Item>} change */
  function change(key, change) {
    items = items.map((item) => (item.key === key ? { ...item, ...change } : item));
    onChange(items);
  }

  /** @param {Unfinished[]} next */
  function remember(next) {
    unfinished = next;
    keep(next);
  }

  /** @param {Item} item @param {Partial<Item>} how */
  function settle({ key, id }, how) {
    remember(unfinished.filter((one) => one.id !== id));
    change(key, { prepare: undefined, problem: undefined, ...how });
  }

  /** @param {Item} item @param {string} problem */
  const fail = (item, problem) => settle(item, { state: "failed", problem });

  async function work() {
    const next = items.find((item) => item.state === "waiting");
    if (!next?.prepare || busy >= LANES) return;
    busy += 1;
    change(next.key, { state: "sending" });
    await next.prepare().then(
      (prepared) => send(next, prepared),
      (error) => fail(next, error.message),
    );
    busy -= 1;
    work();
  }

  /** @param {Item} item @param {Prepared} prepared */
  async function send({ key, name }, { body, type, note }) {
    const { size } = body;
    const id = takeOver(type, size) ?? key;
    change(key, { id, note });
    remember([...unfinished, { id, name, type, size }]);
    await deliver({ uploadId: id, contentType: type, size }, body);
  }

  /** The id of the same image's unfinished upload, whose place this one takes.
   *  @param {string} type @param {number} size */
  function takeOver(type, size) {
    const keys = items.filter((item) => item.state === "unfinished").map((item) => item.key);
    const candidates = unfinished.filter((one) => keys.includes(one.id));
    const id = earlierId(candidates, type, size);
    items = items.filter((item) => item.key !== id);
    unfinished = unfinished.filter((one) => one.id !== id);
    return id;
  }

  /** @param {{ uploadId: string, contentType: string, size: number }} upload @param {Blob} body */
  async function deliver(upload, body) {
    const item = () => items.find((one) => one.id === upload.uploadId && isOpen(one));
    for (let failures = 1; ; failures++) {
      const answer = await ask(upload);
      const mine = item();
      if (!mine) return;
      const verdict = afterAsk(answer);
      if (verdict === "done") return settle(mine, { state: "sent" });
      if (verdict === "over") return end(mine);
      if (verdict === "put" && (await store(mine, answer.body, body))) return;
      if (!["put", "look", "again"].includes(verdict)) return fail(mine, verdict);
      if (verdict !== "again" && (await isTold(mine, verdict === "look"))) return;
      change(mine.key, { state: "retrying", share: 0 });
      await wait(failures);
    }
  }

  /** Whether the image lies in the bucket now. @param {Item} item @param {any} place
   *  @param {Blob} body */
  async function store(item, { url, headers }, body) {
    const ended = () => !items.some((one) => one.key === item.key && isOpen(one));
    for (let failures = 1; ; failures++) {
      if (ended()) return true;
      change(item.key, { state: "sending", share: 0 });
      const status = await put(url, headers, body, (share) => change(item.key, { share }));
      const verdict = afterPut(status);
      if (ended()) return true;
      if (verdict === "done") settle(item, { state: "sent", share: 1 });
      if (verdict !== "same" || failures > 4) return verdict === "done";
      change(item.key, { state: "retrying" });
      await wait(failures);
    }
  }

  /** Whether the session tells what became of an image, so that nothing is left to try.
   *  @param {Item} item @param {boolean} conflict the id already stands for another image */
  async function isTold(item, conflict) {
    const session = await look();
    if (!session) return false;
    follow(session);
    const told = fate(session, item.id);
    if (told === "over") end(item);
    if (told === "open" && conflict) fail(item, "failed");
    return told !== "open" || conflict;
  }

  /** @param {Session} session */
  function follow(session) {
    for (const item of items) {
      const told = fate(session, item.id);
      if ((told === "arrived" || told === "rejected") && item.state !== told) {
        settle(item, { state: told, share: 1 });
      }
    }
    // An image that is on its way when the time is up still arrives; a stopped session drops it.
    if (isOver(session, 0)) end(undefined, session.status === "CANCELLED");
  }

  /** Nothing more can be sent. @param {Item} [item] @param {boolean} [all] */
  function end(item, all = false) {
    for (const one of items) {
      const idle = isOpen(one) && (all || one.state !== "sending");
      if (idle || one.key === item?.key) fail(one, "over");
    }
  }

  if (items.length > 0) onChange(items);
  return {
    /** @param {Iterable<File>} files @param {(file: File) => Promise<Prepared>} prepare */
    add(files, prepare) {
      for (const file of files) {
        const item = { key: randomHex(16), name: file.name, share: 0 };
        items = [...items, { ...item, state: "waiting", prepare: () => prepare(file) }];
      }
      onChange(items);
      for (let lane = 0; lane < LANES; lane++) work();
    },
    follow,
    /** Puts an image out of sight. @param {string} key */
    dismiss(key) {
      remember(unfinished.filter((one) => one.id !== key));
      items = items.filter((item) => item.key !== key);
      onChange(items);
    },
  };
}
