/** The screen stays on while photos are being sent: a phone that locks itself stops them. */

/** @type {Promise<WakeLockSentinel | undefined> | undefined} */
let lock;

/** Holds the screen's lock, or gives it back; where a browser has none, nothing changes.
 *  @param {boolean} wanted */
export async function stayAwake(wanted) {
  if (wanted === (lock !== undefined) || (wanted && document.hidden)) return;
  const held = lock;
  lock = wanted ? request() : undefined;
  if (held) (await held)?.release();
}

async function request() {
  const sentinel = await navigator.wakeLock?.request("screen").catch(() => undefined);
  // The browser takes it back by itself when the page is out of sight.
  sentinel?.addEventListener("release", () => {
    lock = undefined;
  });
  return sentinel;
}
