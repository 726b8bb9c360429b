/*
 * Stands before all else that the pages load: something is left to help when a part of it doesn't
 * come, and the words are on their way before anything asks for them. It mends an address whose "#" was
 * written as "%23", too: such an address leads to the desktop page, which the website shows for
 * whatever it doesn't have.
 */
(() => {
  const mended = /^(.*phone\.html)%(?:25)*23(.+)$/i.exec(location.pathname);
  if (mended) {
    // Nothing else of this page may begin: it would make a code, on the phone.
    stop();
    location.replace(`${mended[1]}#${mended[2]}`);
    return;
  }

  const LONGEST = 30_000;
  let failed = false;

  const wish = [kept(), ...navigator.languages].find((one) => /^(ar|en)\b/.test(one)) ?? "en";
  const language = wish.slice(0, 2);
  for (const words of ["", `${document.currentScript?.dataset.page}.`]) {
    const link = document.createElement("link");
    link.rel = "modulepreload";
    link.href = `words/${words}${language}.js`;
    document.head.append(link);
  }

  function kept() {
    try {
      return localStorage.getItem("language") ?? "";
    } catch {
      return "";
    }
  }

  /** What stands in the page for this moment, in the visitor's language. */
  function say() {
    const boot = document.getElementById("boot");
    boot?.classList.remove("late");
    for (const words of /** @type {Iterable<HTMLElement>} */ (boot?.children ?? [])) {
      words.hidden = words.lang !== language;
      const again = words.querySelector("button");
      if (again) again.onclick = () => location.reload();
    }
  }

  /** @param {number} tries */
  const pause = (tries) =>
    new Promise((resolve) => setTimeout(resolve, Math.min(LONGEST, 1000 * 2 ** tries)));

  /** Loads the page again once the website answers: a browser's own error page helps nobody.
   *  @param {number} tries @returns {Promise<void>} */
  async function heal(tries) {
    await pause(tries);
    const answer = await fetch(location.pathname, { cache: "no-store" }).catch(() => undefined);
    if (!answer?.ok) return heal(tries + 1);
    history.replaceState({ tries: tries + 1 }, "");
    location.reload();
  }

  /** Asks for a style sheet again, under another address: a browser may remember that one failed.
   *  @param {HTMLLinkElement} link */
  async function dress(link) {
    const [address, tries] = link.href.split("?");
    const next = Number(tries ?? 0) + 1;
    await pause(next);
    const again = document.createElement("link");
    again.rel = link.rel;
    again.href = `${address}?${next}`;
    link.replaceWith(again);
  }

  // An element's error doesn't bubble; a module's own missing modules are its element's error.
  addEventListener(
    "error",
    ({ target }) => {
      if (target instanceof HTMLLinkElement && target.rel === "stylesheet") dress(target);
      if (failed || !(target instanceof HTMLScriptElement)) return;
      failed = true;
      if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", say);
      else say();
      heal(history.state?.tries ?? 0);
    },
    true,
  );
})();
