/** A list that is drawn again and again. */

/**
 * Makes a list's children those of the items, keeping what is there already: pictures do not
 * flicker, and the focus stays.
 *
 * @template T
 * @param {HTMLElement} list @param {T[]} items @param {(item: T) => string} key
 * @param {(item: T) => HTMLElement} create @param {(element: HTMLElement, item: T) => void} update
 */
export function drawList(list, items, key, create, update) {
  const old = new Map(
    Array.from(list.children, (child) => [child.getAttribute("data-key"), child]),
  );
  items.forEach((item, at) => {
    const element = /** @type {HTMLElement} */ (old.get(key(item)) ?? create(item));
    old.delete(key(item));
    element.dataset.key = key(item);
    update(element, item);
    if (list.children[at] !== element) list.insertBefore(element, list.children[at] ?? null);
  });
  for (const gone of old.values()) gone.remove();
}
