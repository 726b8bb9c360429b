/** Words in the reader's language, with its numbers and plurals. */

import { load } from "./backoff.js";

/** @typedef {Record<string, string | Record<string, string>>} Words */
/** @typedef {Record<string, string | number>} Values */

/** Every language with its own name for itself; the first is the default. */
export const LANGUAGES = { en: "English", ar: "العربية" };

const RIGHT_TO_LEFT = ["ar"];
const KEPT = "language";

/**
 * @param {string} language
 * @param {Words} words
 */
export function speaker(language, words) {
  const numbers = new Intl.NumberFormat(language);
  const plurals = new Intl.PluralRules(language);

  /** A text by its key; `n` chooses the plural. @param {string} key @param {Values} [values] */
  function t(key, values = {}) {
    const entry = words[key] ?? key;
    const text = typeof entry === "string" ? entry : entry[form(entry, Number(values.n))];
    return text.replace(/\{(\w+)\}/g, (_, name) => inserted(values[name]));
  }

  /** @param {Record<string, string>} entry @param {number} n */
  const form = (entry, n) => (plurals.select(n) in entry ? plurals.select(n) : "other");

  /** Names stand apart, so that one in another script doesn't turn the sentence around it.
   *  @param {string | number} value */
  const inserted = (value) =>
    typeof value === "number" ? numbers.format(value) : `\u2068${value}\u2069`;

  /** A number and its unit, on one line. @param {number} value @param {string} unit */
  const amount = (value, unit) =>
    new Intl.NumberFormat(language, {
      ...{ style: "unit", unit, unitDisplay: unit === "minute" ? "long" : "short" },
      maximumFractionDigits: unit === "megabyte" ? 1 : 0,
    })
      .format(value)
      .replaceAll(" ", "\u00a0");

  /** @param {number} share */
  const percent = (share) => new Intl.NumberFormat(language, { style: "percent" }).format(share);

  return { language, t, amount, percent };
}

/** @typedef {ReturnType<typeof speaker>} Speaker */

/** The first of the wished languages that there are words for. @param {readonly string[]} wishes */
export function choose(wishes) {
  const known = Object.keys(LANGUAGES);
  return wishes.map((wish) => wish.split("-")[0]).find((wish) => known.includes(wish)) ?? known[0];
}

/** Learns a language and writes the page's fixed texts in it. @param {string} [wish] */
export async function speak(wish) {
  const language = choose([wish ?? kept() ?? "", ...navigator.languages]);
  const page = document.body.className.split(" ")[0];
  const parts = [load(`./words/${language}.js`), load(`./words/${page}.${language}.js`)];
  const [common, own] = await Promise.all(parts);
  const speaker_ = speaker(language, { ...common.default, ...own.default });
  if (wish) keep(wish);
  document.documentElement.lang = language;
  document.documentElement.dir = RIGHT_TO_LEFT.includes(language) ? "rtl" : "ltr";
  for (const element of document.querySelectorAll("[data-t]")) {
    element.textContent = speaker_.t(/** @type {HTMLElement} */ (element).dataset.t ?? "");
  }
  return speaker_;
}

function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

/** @param {string} language */
function keep(language) {
  try {
    localStorage.setItem(KEPT, language);
  } catch {
    // Next time the browser's language counts again.
  }
}
