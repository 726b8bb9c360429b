/** What photos are called: short enough to be sent, and safe to be saved. */

import { ending } from "./endings.js";

const MOST_BYTES = 120;
// No name of a file, or one that shows its letters in another order than they have.
const UNFIT = /[\p{Cc}\p{Cs}"*/:<>?\\|\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)$/i;

/**
 * A name as the contract takes it, or undefined where nothing is left of it.
 *
 * @param {string} name of a file on the phone
 * @returns {string | undefined}
 */
export function shortName(name) {
  const whole = tidy(name);
  const dot = whole.lastIndexOf(".");
  const stem = dot > 0 ? whole.slice(0, dot) : whole;
  const end = dot > 0 ? cut(whole.slice(dot), 16) : "";
  return cut(stem, MOST_BYTES - bytes(end)) + end || undefined;
}

/**
 * The name under which a photo is saved. Its ending says what the photo is, whatever the phone
 * called it.
 *
 * @param {string | undefined} name @param {string} type @param {number} number
 */
export function savedName(name, type, number) {
  const stem = tidy(name ?? "").replace(/\.[^.]*$/, "");
  const safe = RESERVED.test(stem) ? `_${stem}` : stem.replace(/^\.+/, "");
  return `${safe || `photo-${number}`}.${ending(type)}`;
}

/** The same names, none of them twice in any case. @param {string[]} names */
export function distinct(names) {
  const taken = new Set();
  return names.map((name) => {
    const dot = name.lastIndexOf(".");
    let free = name;
    for (let n = 2; taken.has(free.toLowerCase()); n++) {
      free = `${name.slice(0, dot)} (${n})${name.slice(dot)}`;
    }
    taken.add(free.toLowerCase());
    return free;
  });
}

/** @param {string} name */
const tidy = (name) =>
  name
    .replace(UNFIT, "_")
    .trim()
    .replace(/[. ]+$/, "");

/** @param {string} text */
const bytes = (text) => new TextEncoder().encode(text).length;

/** As many whole characters as fit. @param {string} text @param {number} most */
function cut(text, most) {
  const characters = Array.from(text);
  while (bytes(characters.join("")) > most) characters.pop();
  return characters.join("");
}
