/** What a tab remembers across a reload, and no longer than the tab lives. */

/**
 * One value in sessionStorage; where the browser refuses storage, in memory.
 *
 * @template T
 * @param {string} name
 */
export function remember(name) {
  /** @type {T | null} */
  let memory = null;
  return {
    /** @returns {T | null} */
    read() {
      try {
        return JSON.parse(sessionStorage.getItem(name) ?? "null");
      } catch {
        return memory;
      }
    },
    /** @param {T} value */
    write(value) {
      memory = value;
      try {
        sessionStorage.setItem(name, JSON.stringify(value));
      } catch {
        // Private windows may refuse: the page works until it is reloaded.
      }
    },
    forget() {
      memory = null;
      try {
        sessionStorage.removeItem(name);
      } catch {
        // Nothing was kept.
      }
    },
  };
}

/** Random bytes in hex; unlike randomUUID, also on plain HTTP. @param {number} bytes */
export function randomHex(bytes) {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
