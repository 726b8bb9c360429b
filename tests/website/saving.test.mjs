import assert from "node:assert/strict";
import { test } from "node:test";
import { distinct, savedName, shortName } from "../../website/names.js";
import { crc32, zip } from "../../website/zip.js";

const size = (text) => Buffer.byteLength(text);
// What the functions take, from docs/api/openapi.yaml.
const TAKEN = /^[^\p{Cc}"/\\]+$/u;

for (const [name, expected] of [
  ["IMG_4100.jpg", "IMG_4100.jpg"],
  ["Sommer in Zürich ☀.jpeg", "Sommer in Zürich ☀.jpeg"],
  ["a/b\\c\n.png", "a_b_c_.png"],
  ['"x" <y>.gif', "_x_ _y_.gif"],
  ["x\u202egpj.exe", "x_gpj.exe"],
  ["  spaced .jpg  ", "spaced .jpg"],
  ["dots...", "dots"],
  ["\ud800.jpg", "_.jpg"],
  ["x".repeat(300), "x".repeat(120)],
  [`${"ü".repeat(100)}.jpg`, `${"ü".repeat(58)}.jpg`],
  ["", undefined],
  ["...", undefined],
]) {
  test(`the phone sends ${JSON.stringify(name.slice(0, 30))} as ${JSON.stringify(expected?.slice(0, 30))}`, () => {
    assert.equal(shortName(name), expected);
  });
}

test("whatever a file is called, the service takes its short name", () => {
  let seed = 7;
  const random = (below) => {
    seed = (seed * 48271) % 2147483647;
    return seed % below;
  };
  const letters = [
    "a",
    ".",
    "/",
    "\\",
    '"',
    "\n",
    "ü",
    "夏",
    "😀",
    "\ud83d",
    "\u202e",
    " ",
    "\x85",
  ];
  for (let round = 0; round < 5000; round++) {
    const name = Array.from({ length: random(200) }, () => letters[random(letters.length)]).join(
      "",
    );
    const short = shortName(name);

    if (short !== undefined) assert.match(short, TAKEN);
    assert.ok(size(short ?? "") <= 120);
    assert.ok((short ?? "").isWellFormed());
  }
});

for (const [name, type, expected] of [
  ["IMG_4100.jpg", "image/jpeg", "IMG_4100.jpg"],
  ["IMG_4100.HEIC", "image/jpeg", "IMG_4100.jpg"],
  ["holiday.exe", "image/png", "holiday.png"],
  ["two.dots.png", "image/webp", "two.dots.webp"],
  ["con.jpg", "image/jpeg", "_con.jpg"],
  [".hidden.jpg", "image/jpeg", "hidden.jpg"],
  ["../../up.jpg", "image/jpeg", "_.._up.jpg"],
  [undefined, "image/jpeg", "photo-3.jpg"],
  ["", "image/avif", "photo-3.avif"],
  [undefined, "text/html", "photo-3.bin"],
]) {
  test(`${name} of type ${type} is saved as ${expected}`, () => {
    assert.equal(savedName(name, type, 3), expected);
  });
}

test("of equal names the later ones are counted", () => {
  assert.deepEqual(distinct(["a.jpg", "A.JPG", "a.jpg", "a (2).jpg", "b.jpg"]), [
    ...["a.jpg", "A (2).JPG", "a (3).jpg", "a (2) (2).jpg", "b.jpg"],
  ]);
});

test("the checksum is the one that everybody computes", () => {
  assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
});

test("an empty zip is its end alone", async () => {
  assert.equal((await zip([], new Date(0))).size, 22);
});
