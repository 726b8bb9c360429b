import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { pause } from "../../website/backoff.js";
import { digestOf } from "../../website/digest.js";
import { openLedger } from "../../website/ledger.js";
import { linkOf } from "../../website/link.js";
import { withoutLocation } from "../../website/location.js";
import { prepare } from "../../website/prepare.js";
import { counted, sharedStore } from "./memory.mjs";

// ---- the link

const ID = "3f1c7a52-9d0e-4b6a-8c11-2f7e5d90aa01";
const TOKEN = "a-B_".repeat(8);
const CODE = `#1.${ID}.${TOKEN}`;

for (const [name, fragment] of Object.entries({
  "as it is": CODE,
  "with a full stop behind it": `${CODE}.`,
  "with a comma": `${CODE},`,
  "with an ellipsis": `${CODE}...`,
  "with a bracket": `${CODE})`,
  "with a quotation mark": `${CODE}”`,
  "with an encoded space": `${CODE}%20`,
  "with an encoded line's end": `${CODE}%0D%0A`,
  "with words behind it": `${CODE}%20(open it)`,
  "broken by a line's end": `#1.${ID}.${TOKEN.slice(0, 9)}\n ${TOKEN.slice(9)}`,
  "with invisible characters": `#1.${ID}.\u200b${TOKEN}\u2069`,
  "with its dots encoded": `#1%2E${ID}%2E${TOKEN}`,
  "with an id in capitals": `#1.${ID.toUpperCase()}.${TOKEN}`,
  "with a campaign behind it": `${CODE}?utm_source=mail`,
  "with two hashes": `#${CODE}`,
  "with a stray percent sign": `${CODE}%`,
  "with an underscore behind it": `${CODE}_`,
  twice: `${CODE}https://w.example/phone.html${CODE}`,
  "with a mark before it": `#/!<${CODE.slice(1)}`,
  "without its hash": `?${CODE.slice(1)}`,
  "behind a query's encoded hash": `?from=chat%23${CODE.slice(1)}`,
  "broken by a mail": `${CODE.slice(0, 30)}=\r\n${CODE.slice(30)}`,
})) {
  test(`a link ${name} is understood`, () => {
    const address = `https://w.example/phone.html${fragment}`;
    assert.deepEqual(linkOf(address), { sessionId: ID, uploadToken: TOKEN, copied: false });
  });
}

for (const fragment of [
  `${CODE}.ask`,
  `${CODE}.ask.`,
  `${CODE}.ask%20`,
  `${CODE}.ASK)`,
  `${CODE}.ask_`,
]) {
  test(`${fragment.slice(-8)} says that the link was copied`, () => {
    assert.equal(linkOf(fragment)?.copied, true);
  });
}

for (const fragment of [
  "",
  "#",
  "#1.",
  `#1.${ID}`,
  `#1.${ID}.`,
  `#1.${ID}.${TOKEN.slice(1)}`,
  `#2.${ID}.${TOKEN}`,
  `#1.${ID.slice(1)}.${TOKEN}`,
]) {
  test(`${JSON.stringify(fragment)} is incomplete`, () => {
    assert.equal(linkOf(fragment), undefined);
  });
}

// ---- the tabs of one phone

test("a second tab is the same phone", () => {
  const store = sharedStore();
  const first = openLedger(store, counted);

  assert.equal(first.known(), false);
  const nonce = first.nonce();

  const second = openLedger(store, counted);
  assert.match(nonce, /^[0-9a-f]{32}$/);
  assert.equal(second.known(), true);
  assert.equal(second.nonce(), nonce);
});

test("where nothing can be kept a page still has one nonce", () => {
  const ledger = openLedger({ read: () => null, write() {}, forget() {} }, counted);

  assert.equal(ledger.nonce(), ledger.nonce());
});

for (const kept of [{}, "text", { nonce: "n", uploads: null }]) {
  test(`${JSON.stringify(kept)}, which this page never kept, counts for nothing`, () => {
    const store = sharedStore();
    store.write(kept);
    const ledger = openLedger(store, counted);

    assert.deepEqual(ledger.unfinished(), []);
    assert.equal(typeof ledger.nonce(), "string");
  });
}

test("a session's end leaves nothing behind", () => {
  const store = sharedStore();
  const ledger = openLedger(store, counted);
  ledger.nonce();

  ledger.forget();

  assert.equal(store.read(), null);
});

test("nothing is kept again once the session is forgotten", () => {
  const store = sharedStore();
  const ledger = openLedger(store, counted);
  ledger.take({ id: "a", name: "", type: "", size: 1, digest: "d" });
  ledger.forget();

  ledger.beat();
  ledger.finish("a");
  ledger.release("a");
  ledger.leave();

  assert.equal(store.read(), null);
});

test("a tab is elsewhere as long as it shows a sign of life", () => {
  const store = sharedStore();
  let now = 0;
  const [here, there] = [1, 2].map(() => openLedger(store, counted, () => now));

  there.take({ id: "a", name: "", type: "", size: 1, digest: "d" });
  assert.equal(here.isElsewhere("a"), true);
  assert.equal(there.isElsewhere("a"), false);
  now += 7_000;
  there.beat();
  now += 7_000;
  assert.equal(here.isElsewhere("a"), true);
  now += 7_000;

  assert.equal(here.isElsewhere("a"), false);
});

// ---- a photo

test("a digest tells photos apart and doesn't depend on how a photo is cut", () => {
  const bytes = Uint8Array.from({ length: 5000 }, (_, at) => (at * 7) % 251);
  const changed = bytes.slice();
  changed[4999] ^= 1;

  assert.match(digestOf([bytes]), /^[0-9a-f]{16}$/);
  assert.equal(digestOf([bytes]), digestOf([bytes.subarray(0, 10), bytes.subarray(10)]));
  assert.notEqual(digestOf([bytes]), digestOf([changed]));
  assert.notEqual(digestOf([new Uint8Array(3)]), digestOf([new Uint8Array(4)]));
});

const GIF = Buffer.from("GIF89a\x01\0\x01\0\0\0\0;", "latin1");
const rules = { maxBytes: 1000, types: ["image/gif"], removeLocation: true };

test("a photo is read once, so that it may change on the disk afterwards", async () => {
  let reads = 0;
  class Counting extends File {
    arrayBuffer() {
      reads += 1;
      return super.arrayBuffer();
    }
  }

  const { body, type } = await prepare(new Counting([GIF], "a.gif"), rules);

  assert.equal(type, "image/gif");
  assert.deepEqual(Buffer.from(await body.arrayBuffer()), GIF);
  assert.equal(reads, 1);
});

test("a photo is announced under a name that the service takes", async () => {
  const { name } = await prepare(new File([GIF], `"b"\u0007${"ü".repeat(90)}.gif`), rules);

  assert.match(name, /^_b_ü+\.gif$/);
  assert.ok(Buffer.byteLength(name) <= 120);
});

for (const [problem, file, change] of [
  ["unreadable", new File([], "a.gif"), {}],
  ["wrongType", new File(["words"], "a.gif"), {}],
  ["wrongType", new File([GIF], "a.gif"), { types: ["image/png"] }],
  ["tooLarge", new File([GIF, new Uint8Array(5000)], "a.gif"), {}],
  ["tooLarge", new File([GIF], "a.gif"), { maxBytes: 5 }],
  ["tooLarge", new File([GIF, "x"], "a.gif"), { maxBytes: 14, removeLocation: false }],
  ["locationStays", new File(["GIF89a..."], "a.gif"), {}],
]) {
  test(`${file.size} bytes with ${JSON.stringify(change)} are ${problem}`, async () => {
    await assert.rejects(prepare(file, { ...rules, ...change }), { message: problem });
  });
}

test("a file that never comes is unreadable after two minutes", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const file = new File([GIF], "a.gif");
  file.slice = () => ({ arrayBuffer: () => new Promise(() => {}) });

  const sent = prepare(file, rules);
  mock.timers.tick(120_000);

  await assert.rejects(sent, { message: "unreadable" });
  mock.timers.reset();
});

test("a file whose reading fails is unreadable", async () => {
  const file = new File([GIF], "a.gif");
  file.slice = () => ({ arrayBuffer: () => Promise.reject(new DOMException("", "NotFoundError")) });

  await assert.rejects(prepare(file, rules), { message: "unreadable" });
});

const HEADS = {
  "image/jpeg": "\xff\xd8",
  "image/png": "\x89PNG\r\n\x1a\n",
  "image/gif": "GIF89a",
  "image/webp": "RIFF\x50\0\0\0WEBP",
  "image/heic": "\0\0\0\x10ftypheic\0\0\0\0\0\0\0\x40meta\0\0\0\0",
  "image/avif": "\0\0\0\x10ftypavif\0\0\0\0\0\0\0\x40moov",
};
const NAMES = [
  ...["\xff\xe1\0\x08", "\xff\xda\0\x08", "\xff\xfe\0\x04", "\xff\xd9"],
  "IHDR",
  "eXIf",
  "VP8 ",
  "EXIF",
  "iinf",
  "infe",
  "iloc",
  "mdat",
  "\0\0\0\x09",
  "\x21\xff",
];

for (const [type, head] of Object.entries(HEADS)) {
  test(`no bytes make the removal from ${type} fail in another way than by saying so`, () => {
    let seed = 1;
    const random = (below) => {
      seed = (seed * 48271) % 2147483647;
      return seed % below;
    };
    for (let round = 0; round < 3000; round++) {
      const bytes = Buffer.from(Uint8Array.from({ length: random(160) }, () => random(4) * 3));
      bytes.write(head, "latin1");
      for (let at = head.length; at < bytes.length; at += 4 + random(12)) {
        bytes.write(NAMES[random(NAMES.length)], at, "latin1");
      }
      const parts = withoutLocation(type, new Uint8Array(bytes));
      const size = parts?.reduce((sum, part) => sum + part.length, 0) ?? 0;
      assert.ok(size <= bytes.length + 64);
    }
  });
}

// ---- when to try again

/** What a pause hears, without a browser. */
function listening() {
  const targets = { window: new EventTarget(), document: new EventTarget() };
  globalThis.addEventListener = (...words) => targets.window.addEventListener(...words);
  globalThis.document = Object.assign(targets.document, { hidden: false });
  return targets;
}

for (const [name, wake] of Object.entries({
  "the network is there again": ({ window }) => window.dispatchEvent(new Event("online")),
  "the page comes back": ({ window }) => window.dispatchEvent(new Event("pageshow")),
  "the page is looked at": ({ document }) => document.dispatchEvent(new Event("visibilitychange")),
})) {
  test(`a pause ends when ${name}`, async () => {
    const targets = listening();
    const began = performance.now();
    const waiting = pause(6);

    wake(targets);
    await waiting;

    assert.ok(performance.now() - began < 15_000); // by itself it takes longer
  });
}

test("a pause goes on while nobody looks, and ends when it isn't wanted any longer", async () => {
  const targets = listening();
  const stop = new AbortController();
  let ended = false;
  const waiting = pause(6, stop.signal).then(() => {
    ended = true;
  });

  targets.document.hidden = true;
  targets.document.dispatchEvent(new Event("visibilitychange"));
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(ended, false);
  stop.abort();
  await waiting;

  assert.equal(ended, true);
});
