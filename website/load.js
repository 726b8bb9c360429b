/** Modules that are fetched when they are needed, as often as it takes. */

import { pause } from "./backoff.js";

/**
 * A module of this folder. A browser may remember that an address failed, so the next try has
 * another one.
 *
 * @param {string} path
 * @returns {Promise<any>}
 */
export async function load(path) {
  for (let tries = 0; ; tries++) {
    try {
      return await import(tries ? `${path}?${tries}` : path);
    } catch {
      await pause(tries + 1);
    }
  }
}
