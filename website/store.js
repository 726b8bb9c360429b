/** What a page remembers: a tab for as long as it lives, or all tabs of a browser together. */

/**
 * One value in the browser's storage; where the browser refuses it, in the next place that it
 * allows, and at last in memory.
 *
 * @template T
 * @param {string} name
 * @param {boolean} [shared] with the browser's other tabs
 */
export function remember(name, shared = false) {
  const places = shared ? ["localStorage", "sessionStorage"] : ["sessionStorage"];
  const storage = places.map((place) => usable(place, name)).find((place) => place !== undefined);
  /** @type {string | null} */
  let memory = null;
  return {
    /** @returns {T | null} */
    read() {
      try {
        return JSON.parse((storage ? storage.getItem(name) : memory) ?? "null");
      } catch {
        return null;
      }
    },
    /** @param {T} value */
    write(value) {
      memory = JSON.stringify(value);
      try {
        storage?.setItem(name, memory);
      } catch {
        // No room: the page works until it is reloaded.
      }
    },
    forget() {
      memory = null;
      try {
        storage?.removeItem(name);
      } catch {
        // Refused since the page began: what is left there is swept another day.
      }
    },
  };
}

/** Private windows and blocked cookies refuse: some at the first word, some when it is written.
 *  @param {string} place @param {string} name @returns {Storage | undefined} */
function usable(place, name) {
  try {
    const storage = /** @type {any} */ (globalThis)[place];
    const probe = `${name}?`;
    storage.setItem(probe, "");
    storage.removeItem(probe);
    return storage;
  } catch {
    return undefined;
  }
}
