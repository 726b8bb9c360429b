import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { connect, troubleOf } from "../../website/api.js";
import { usable } from "../../website/config.js";
import { choose, LANGUAGES, speaker } from "../../website/i18n.js";
import { typeOf } from "../../website/images.js";
import { jpegWithoutLocation } from "../../website/jpeg.js";
import { randomHex } from "../../website/ledger.js";
import { encode } from "../../website/qr.js";
import { remember } from "../../website/store.js";

const WEBSITE = new URL("../../website/", import.meta.url);
const text = (name) => readFileSync(new URL(name, WEBSITE), "utf8");
const names = readdirSync(WEBSITE);
const words = async (name) => (await import(new URL(`words/${name}.js`, WEBSITE).href)).default;
const PAGES = ["desktop", "phone"];
const catalogues = {};
for (const language of Object.keys(LANGUAGES)) {
  const parts = [language, ...PAGES.map((page) => `${page}.${language}`)];
  catalogues[language] = Object.assign({}, ...(await Promise.all(parts.map(words))));
}

// ---- configuration

const here = { origin: "https://w.example", pathname: "/phone.html", hash: "#1.a.b" };
const filled = {
  httpApiUrl: "https://api.example/",
  webSocketUrl: "wss://ws.example/dev",
  websiteUrl: "https://w.example",
};

test("a published configuration is usable, without a slash behind the API's address", () => {
  assert.equal(usable(filled, here).httpApiUrl, "https://api.example");
});

for (const config of [
  undefined,
  {},
  JSON.parse(text("config.json")),
  { ...filled, webSocketUrl: "" },
]) {
  test(`${JSON.stringify(config)} was never published`, () => {
    assert.throws(() => usable(config, here), { problem: "unpublished" });
  });
}

test("a page at a foreign address names its own, with page and fragment", () => {
  const elsewhere = { ...here, origin: "http://localhost:8000" };

  assert.throws(() => usable(filled, elsewhere), {
    problem: "elsewhere",
    address: "https://w.example/phone.html#1.a.b",
  });
});

// ---- the API

async function answered(response) {
  const original = globalThis.fetch;
  const requests = [];
  globalThis.fetch = async (url, init) => {
    requests.push([url, init]);
    if (!response) throw new TypeError("no network");
    return response;
  };
  try {
    const answer = await connect("https://a").read("s", "t", '"1-X"');
    return { answer, requests };
  } finally {
    globalThis.fetch = original;
  }
}

test("a request carries its token as a bearer and its ETag", async () => {
  const { requests } = await answered(new Response("{}"));

  const [url, { headers }] = requests[0];
  assert.equal(url, "https://a/sessions/s");
  assert.equal(headers.get("authorization"), "Bearer t");
  assert.equal(headers.get("if-none-match"), '"1-X"');
});

test("no network is an answer with the status 0", async () => {
  const { answer } = await answered(undefined);

  assert.deepEqual(answer, { status: 0, body: {}, etag: null });
});

for (const [status, body, expected] of [
  [502, "<html>", 502],
  [200, "<html>", 502],
  [202, "", 502],
  [200, "null", 502],
  [200, '{"v":', 502],
  [403, "<html>", 502],
  [404, "<html>", 502],
  [410, "<html>", 502],
  [429, "<html>", 429],
  [410, "", 410],
  [304, null, 304],
]) {
  test(`${status} with the body ${body} has the status ${expected} and no content`, async () => {
    const { answer } = await answered(new Response(body, { status }));

    assert.deepEqual(answer.body, {});
    assert.equal(answer.status, expected);
  });
}

// ---- waiting

/** What a page asks and hears, at times that the test sets. */
async function holding(headers, ...times) {
  const originals = [globalThis.fetch, performance.now];
  const asked = [];
  let now = 0;
  globalThis.fetch = async (url) => {
    asked.push(url);
    const blocked = asked.length === 1;
    return blocked ? new Response("<html>", { status: 429, headers }) : new Response("{}");
  };
  performance.now = () => now;
  try {
    const api = connect("https://a");
    const answers = [];
    for (now of times) answers.push({ held: api.isHeld(), ...(await api.read("s", "t")) });
    return {
      asked,
      statuses: answers.map(({ status }) => status),
      held: answers.map((a) => a.held),
    };
  } finally {
    [globalThis.fetch, performance.now] = originals;
  }
}

test("a page that is told to wait asks nothing before the time is over", async () => {
  const seen = await holding({ "retry-after": "60" }, 1000, 1001, 60_999, 61_000);

  assert.deepEqual(seen.statuses, [429, 429, 429, 200]);
  assert.deepEqual(seen.held, [false, true, true, false]);
  assert.equal(seen.asked.length, 2);
});

for (const [what, headers] of [
  ["no time", {}],
  ["a date", { "retry-after": "Sat, 28 Nov 2026 09:00:00 GMT" }],
  ["garbage", { "retry-after": "soon" }],
  ["a time that is over", { "retry-after": "-5" }],
]) {
  test(`a 429 with ${what} holds nothing back`, async () => {
    assert.deepEqual((await holding(headers, 0, 1)).statuses, [429, 200]);
  });
}

test("no answer holds a page back for longer than a quarter of an hour", async () => {
  const seen = await holding({ "retry-after": "99999" }, 0, 899_999, 900_000);

  assert.deepEqual(seen.statuses, [429, 429, 200]);
});

for (const [status, said] of [
  [0, "offline"],
  [429, "busy"],
  [403, "unreachable"],
  [500, "unreachable"],
  [504, "unreachable"],
  [405, "unreachable"],
]) {
  test(`a page says ${said} of ${status}`, () => {
    assert.equal(troubleOf(status), said);
  });
}

test("an answer that breaks off is none", async () => {
  const broken = new ReadableStream({ start: (control) => control.error(new TypeError()) });

  const { answer } = await answered(new Response(broken));

  assert.equal(answer.status, 0);
});

// ---- words

test("every language has the same texts, with the same places to fill", () => {
  const shape = (words) =>
    Object.entries(words).map(([key, entry]) => {
      const all = typeof entry === "string" ? entry : entry.other;
      return [key, typeof entry, (all.match(/\{\w+\}/g) ?? []).sort().join()];
    });

  for (const words of Object.values(catalogues)) {
    assert.deepEqual(shape(words), shape(catalogues.en));
  }
});

test("every plural has all the forms of its language", () => {
  for (const [language, words] of Object.entries(catalogues)) {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories.sort();
    for (const entry of Object.values(words)) {
      if (typeof entry !== "string") assert.deepEqual(Object.keys(entry).sort(), forms);
    }
  }
});

test("every text that a page asks for is in the catalogue, and every text is asked for", () => {
  const sources = names.filter((name) => /\.(js|html)$/.test(name)).map(text);
  const all = sources.join("\n");
  for (const [, key] of all.matchAll(/data-t(?:-label)?="(\w+)"|\bt\("(\w+)"/g)) {
    if (key) assert.ok(key in catalogues.en, key);
  }
  const derived = /^item[A-Z]|Hint$/;
  for (const key of Object.keys(catalogues.en)) {
    const used = all.includes(`"${key}"`) || all.includes(`${key}:`) || derived.test(key);
    assert.ok(used, `${key} is in the catalogue and nowhere else`);
  }
});

test("numbers choose the plural, and names are kept apart from the sentence", () => {
  const { t } = speaker("en", catalogues.en);

  assert.equal(t("receiving", { n: 1 }), "Receiving 1 photo");
  assert.equal(t("receiving", { n: 2 }), "Receiving 2 photos");
  assert.equal(t("dismiss", { name: "a.jpg" }), "Remove \u2068a.jpg\u2069 from the list");
});

test("no line ends between a number and its unit", () => {
  for (const language of Object.keys(LANGUAGES)) {
    const { amount } = speaker(language, {});
    for (const unit of ["megabyte", "kilobyte", "minute", "second"]) {
      assert.match(amount(15, unit), /^\S+\u00a0\S+$/);
    }
  }
});

test("the reader's first known language wins, and English otherwise", () => {
  assert.equal(choose(["fr-FR", "ar-EG", "en"]), "ar");
  assert.equal(choose(["fr"]), "en");
  assert.equal(choose([]), "en");
});

// ---- images

const ftyp = (...brands) => {
  const body = `ftyp${brands[0]}\0\0\0\0${brands.slice(1).join("")}`;
  return Buffer.concat([
    Buffer.from([0, 0, 0, body.length + 4]),
    Buffer.from(body),
    Buffer.alloc(40),
  ]);
};

for (const [head, expected] of [
  [Buffer.from([0xff, 0xd8, 0xff, 0xe0]), "image/jpeg"],
  [Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), "image/png"],
  [Buffer.from("GIF89a"), "image/gif"],
  [Buffer.from("RIFF\n\0\0\0WEBPVP8 ", "latin1"), "image/webp"],
  [ftyp("heic", "mif1"), "image/heic"],
  [ftyp("mif1", "heic"), "image/heic"],
  [ftyp("mif1", "miaf"), "image/heif"],
  [ftyp("avif", "mif1"), "image/avif"],
  [ftyp("mif1", "avif"), "image/avif"],
  [ftyp("isom", "mp42"), undefined],
  [Buffer.from("<svg xmlns"), undefined],
  [Buffer.from("%PDF-1.7"), undefined],
  [Buffer.from("\0\0\0\x18ftyp"), undefined],
  [Buffer.alloc(0), undefined],
]) {
  test(`${JSON.stringify(head.toString("latin1", 0, 24))} is ${expected}`, () => {
    assert.equal(typeOf(new Uint8Array(head)), expected);
  });
}

// ---- the rest

test("a text beyond version 10 is refused", () => {
  assert.equal(encode("x".repeat(213)).size, 57);
  assert.throws(() => encode("x".repeat(214)), RangeError);
});

test("a nonce is as random as its length says", () => {
  assert.match(randomHex(16), /^[0-9a-f]{32}$/);
  assert.notEqual(randomHex(16), randomHex(16));
});

test("a browser that refuses its storage later fails in nothing", () => {
  const refuse = () => {
    throw new DOMException("", "SecurityError");
  };
  const storage = { setItem() {}, removeItem() {} };
  globalThis.sessionStorage = storage;
  const store = remember("x");
  Object.assign(storage, { setItem: refuse, getItem: refuse, removeItem: refuse });

  store.write({ a: 1 });
  store.forget();

  assert.equal(store.read(), null);
  delete globalThis.sessionStorage;
});

test("a browser without storage still remembers until the page is left", () => {
  const store = remember("x");

  store.write({ a: 1 });
  assert.deepEqual(store.read(), { a: 1 });
  store.forget();

  assert.equal(store.read(), null);
});

test("no file names another host than the two that describe formats", () => {
  for (const name of names.filter((name) => /\.(js|html|css|svg|json)$/.test(name))) {
    const hosts = text(name).match(/\b(?:https?|wss?):\/\/[\w.-]+/g) ?? [];
    assert.deepEqual(
      hosts.filter((host) => host !== "http://www.w3.org"),
      [],
      name,
    );
  }
});

test("a JPEG's first part is long enough for a browser to know it by", () => {
  const jpeg = Uint8Array.from([0xff, 0xd8, 0xff, 0xda, 0, 2, 1, 2, 3, 0xff, 0xd9]);

  const parts = jpegWithoutLocation(jpeg) ?? [];

  assert.ok(parts[0].length >= 3);
  assert.deepEqual([...Buffer.concat(parts)], [...jpeg]);
});
