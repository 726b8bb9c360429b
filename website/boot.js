/*
 * Stands before all else: something is left to help when a part of the page doesn't come. It mends
 * damaged addresses of the phone's page, too, for which the website shows the desktop page.
 */
(() => {
  const page = document.currentScript?.dataset.page;
  const place = location.pathname.split("/").at(-1) ?? "";
  const code = /1\.[0-9a-f]{8}-[0-9a-f-]{27}\.[\w-]{32}(\.ask)?/i.exec(location.href);
  if (page === "desktop" && place !== "phone.html" && (code || /^phone/i.test(place))) {
    // Nothing else of this page may begin: it would make a code, on the phone.
    stop();
    location.replace(`phone.html#${code?.[0] ?? ""}`);
    return;
  }

  let failed = false;
  let dressed = 0;

  const wish = [kept(), ...navigator.languages].find((one) => /^(ar|en)\b/.test(one)) ?? "en";
  const language = wish.slice(0, 2);
  for (const words of ["", `${page}.`]) {
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
    if (failed) boot?.classList.remove("late");
    for (const words of /** @type {Iterable<HTMLElement>} */ (boot?.children ?? [])) {
      words.hidden = words.lang !== language;
    }
  }

  /** @param {number} tries */
  const pause = (tries) =>
    new Promise((resolve) => setTimeout(resolve, Math.min(30_000, 1000 * 2 ** tries)));

  function fail() {
    if (failed || document.getElementById("boot")?.hidden) return;
    failed = true;
    say();
    heal(history.state?.tries ?? 0);
  }

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
    await pause(++dressed);
    const again = /** @type {HTMLLinkElement} */ (link.cloneNode());
    again.href = `${link.href.split("?")[0]}?${dressed}`;
    link.replaceWith(again);
  }

  // An element's error doesn't bubble; a module's own missing modules are its element's error, and
  // one that came in part is the window's.
  addEventListener(
    "error",
    ({ target }) => {
      if (target instanceof HTMLLinkElement && target.rel === "stylesheet") dress(target);
      else if (target === window || target instanceof HTMLScriptElement) fail();
    },
    true,
  );
  addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest("#boot button")) location.reload();
  });
  document.addEventListener("readystatechange", say);
  // By then a script is lost that neither came nor failed.
  setTimeout(fail, 20_000);
})();
