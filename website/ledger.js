/** What all tabs of a phone know of a session: their nonce, and which photos were sent. */

/**
 * @typedef {object} Photo
 * @property {string} id the upload's
 * @property {string} name
 * @property {string} type
 * @property {number} size
 * @property {string} digest
 */
/**
 * @typedef {Photo & { page: string, seen: number, done?: boolean, hidden?: boolean }} Entry
 * `page` is the tab that sends it, `seen` when that tab last said so, in milliseconds
 */
/** @typedef {{ nonce: string, begun: number, uploads: Entry[] }} Kept */

// A tab that sends says so every two seconds; one that was put to sleep says nothing.
const ALIVE = 8_000;

/**
 * @param {{ read(): Kept | null, write(kept: Kept): void, forget(): void }} store
 * @param {(bytes: number) => string} random
 * @param {() => number} [clock] milliseconds
 */
export function openLedger(store, random, clock = Date.now) {
  const page = random(8);
  /** What a page keeps that could keep nothing else, and before anything was kept. @type {Kept} */
  const fresh = { nonce: random(16), begun: clock(), uploads: [] };
  const read = () => {
    const kept = store.read();
    return Array.isArray(kept?.uploads) ? kept : fresh;
  };

  /** @param {(uploads: Entry[]) => Entry[]} how */
  function write(how) {
    const kept = read();
    store.write({ ...kept, uploads: how(kept.uploads) });
  }

  /** Changes what is kept, if it still is. @param {string | undefined} id
   *  @param {Partial<Entry>} change */
  function update(id, change) {
    if (store.read() === null) return;
    write((all) => all.map((one) => (one.id === id ? { ...one, ...change } : one)));
  }

  /** @param {Entry} entry */
  const alive = (entry) => !entry.done && clock() - entry.seen < ALIVE;

  return {
    /** Whether an earlier page or another tab has connected already. */
    known: () => store.read() !== null,
    /** Written down before it is used: a browser may drop the page at any moment. */
    nonce() {
      write((all) => all);
      return read().nonce;
    },
    /** What no page has finished. */
    unfinished: () => read().uploads.filter(({ done, hidden }) => !done && !hidden),
    /** The id under which another page has sent this very photo, or has begun to.
     *  @param {Omit<Photo, "id" | "name">} photo */
    find: ({ type, size, digest }) =>
      read().uploads.find(
        (one) =>
          one.page !== page && one.type === type && one.size === size && one.digest === digest,
      )?.id,
    /** Whether another tab is sending it now. @param {string} id */
    isElsewhere: (id) =>
      read().uploads.some((one) => one.id === id && one.page !== page && alive(one)),
    /** This page sends it. @param {Photo} photo */
    take: (photo) =>
      write((all) => [
        ...all.filter(({ id }) => id !== photo.id),
        { ...photo, page, seen: clock() },
      ]),
    /** This page is still there. */
    beat() {
      if (!read().uploads.some((one) => one.page === page && !one.done)) return;
      write((all) => all.map((one) => (one.page === page ? { ...one, seen: clock() } : one)));
    },
    /** Nothing is left to do for it. @param {string} [id] */
    finish: (id) => update(id, { done: true }),
    /** The person has taken it back; its id serves the same photo again. @param {string} [id] */
    release: (id) => update(id, { page: "", seen: 0, hidden: true }),
    /** @param {string} id */
    isTakenBack: (id) => read().uploads.some((one) => one.id === id && one.hidden && !one.done),
    /** The page goes: whatever it sent is free for another. */
    leave() {
      if (!read().uploads.some((one) => one.page === page)) return;
      write((all) => all.map((one) => (one.page === page ? { ...one, seen: 0 } : one)));
    },
    forget: store.forget,
  };
}

/** @typedef {ReturnType<typeof openLedger>} Ledger */

/** Forgets what earlier visits have left: whatever has the prefix and is older than a day.
 *  @param {string} prefix @param {number} now milliseconds */
export function sweep(prefix, now) {
  try {
    for (const name of Object.keys(localStorage).filter((name) => name.startsWith(prefix))) {
      const { begun } = JSON.parse(localStorage.getItem(name) ?? "{}");
      if (!(now - begun < 86_400_000)) localStorage.removeItem(name);
    }
  } catch {
    // Nothing was kept, or not by us.
  }
}

/** Random bytes in hex; unlike randomUUID, also on plain HTTP. @param {number} bytes */
export function randomHex(bytes) {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
