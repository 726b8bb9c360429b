/** When to try again. */

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
 * Resolves after the delay, or at once when the browser finds its network again.
 *
 * @param {number} failures
 * @returns {Promise<void>}
 */
export function pause(failures) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      globalThis.removeEventListener?.("online", done);
      resolve();
    };
    const timer = setTimeout(done, delay(failures));
    globalThis.addEventListener?.("online", done);
  });
}

/**
 * A module that isn't loaded with the page; tried again, under another address, where that failed,
 * since browsers remember a failure.
 *
 * @param {string} path from this folder
 * @returns {Promise<any>}
 */
export async function late(path) {
  for (let failures = 0; ; failures++) {
    try {
      return await import(failures ? `${path}?${failures}` : path);
    } catch {
      await pause(failures + 1);
    }
  }
}
