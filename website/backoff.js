/** When to try again, and modules that are tried until they come. */

/**
 * Milliseconds before the next try: about 1, 2, 4 … seconds, at most 30, each anywhere in its
 * upper half, so that many pages that failed together do not come back together.
 *
 * @param {number} failures in a row, from 1
 * @param {() => number} [random]
 */
export function delay(failures, random = Math.random) {
  const most = Math.min(30_000, 1000 * 2 ** Math.min(failures - 1, 5));
  return most / 2 + (most / 2) * random();
}

/**
 * Resolves after the delay, or at once when the browser finds its network again, when the page is
 * looked at again, or when nobody wants it any longer.
 *
 * @param {number} failures
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export function pause(failures, signal) {
  return new Promise((resolve) => {
    const watch = new AbortController();
    const done = () => {
      clearTimeout(timer);
      watch.abort();
      resolve();
    };
    const timer = setTimeout(done, delay(failures));
    const seen = () => document.hidden || done();
    const end = { signal: watch.signal };
    globalThis.addEventListener?.("online", done, end);
    globalThis.addEventListener?.("pageshow", done, end);
    globalThis.document?.addEventListener("visibilitychange", seen, end);
    signal?.addEventListener("abort", done, end);
    if (signal?.aborted) done();
  });
}

/**
 * A module of this folder. A browser may remember that an address failed, so the next try has
 * another one. Firefox remembers it of the modules inside, too: then the page is loaded again, once.
 *
 * @param {string} path
 * @param {() => boolean} [isFree] whether nothing is lost by that
 * @returns {Promise<any>}
 */
export async function load(path, isFree = () => true) {
  for (let tries = 0; ; tries++) {
    try {
      return await import(tries ? `${path}?${tries}` : path);
    } catch {
      if (tries && !history.state && isFree() && (await fetch(path).catch(() => undefined))?.ok) {
        history.replaceState({ tries }, "");
        location.reload();
      }
      await pause(tries + 1);
    }
  }
}
