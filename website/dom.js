/** What both pages draw with. Texts from outside only ever become text. */

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} id */
export function $(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`No element #${id}`);
  return element;
}

/** @param {string} id */
export const input = (id) => /** @type {HTMLInputElement} */ ($(id));

/** Changes a text only if it is another one: a screen reader says it again otherwise.
 *  @param {Element} element @param {string} text */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {HTMLElement} element @param {boolean} visible */
export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {string} [className] @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, className = "", ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/** @param {string} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  setIcon(use, name);
  svg.append(use);
  return svg;
}

/** @param {Element} use @param {string} name */
export function setIcon(use, name) {
  const href = `icons.svg#${name}`;
  if (use.getAttribute("href") !== href) use.setAttribute("href", href);
}

/**
 * The button that changes to the other language.
 *
 * @param {string} current @param {Record<string, string>} languages
 * @param {(language: string) => void} onChange
 */
export function drawLanguage(current, languages, onChange) {
  const all = Object.keys(languages);
  const next = all[(all.indexOf(current) + 1) % all.length];
  const button = $("language");
  say(button, languages[next]);
  button.lang = next;
  button.onclick = () => onChange(next);
  show(button, all.length > 1);
}

/** Says that the page can't work here, and shows nothing else.
 *  @param {string} text @param {string} [address] */
export function drawProblem(text, address) {
  show($("boot"), false);
  show($("main"), true);
  show($("problem"), true);
  say($("problem-text"), text);
  const link = /** @type {HTMLAnchorElement} */ ($("problem-link"));
  show(link, address !== undefined);
  if (address) {
    link.href = address;
    link.target = "_top";
    say(link, address.split("#")[0]);
  }
}

export function hideProblem() {
  show($("problem"), false);
}
