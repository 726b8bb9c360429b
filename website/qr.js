/**
 * A text as a QR code: byte mode, correction level M, versions 1 to 10 (up to 213 bytes). The
 * words are those of ISO/IEC 18004; a codeword is a byte.
 */

/** @typedef {{ size: number, mask: number, rows: Uint8Array[] }} Code - `rows[y][x]` is 1 if dark */

/** Correction codewords of a block, and blocks, of each version at level M. */
const CORRECTION = [
  [10, 1],
  [16, 1],
  [26, 1],
  [18, 2],
  [24, 2],
  [16, 4],
  [18, 4],
  [22, 4],
  [22, 5],
  [26, 5],
];

/** @type {((x: number, y: number) => boolean)[]} */
const MASKS = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/**
 * The smallest code that holds the text, with the mask that scans best.
 *
 * @param {string} text
 * @param {number} [mask] one mask instead of the best
 * @returns {Code}
 */
export function encode(text, mask) {
  const bytes = new TextEncoder().encode(text);
  const version = CORRECTION.findIndex((_, at) => bytes.length <= room(at + 1)) + 1;
  if (version === 0) throw new RangeError(`${bytes.length} bytes do not fit a code of version 10`);
  const drawn = draw(version, interleaved(version, dataWords(version, bytes)));
  return mask === undefined ? best(drawn) : finished(drawn, mask);
}

/** @param {number} version */
const sizeOf = (version) => version * 4 + 17;

/** @param {number} version */
const lengthBits = (version) => (version < 10 ? 8 : 16);

/** How many codewords a version has in all: what its patterns leave of its modules.
 *  @param {number} version */
function words(version) {
  const { fixed } = patterns(version);
  const free = fixed.reduce((sum, row) => sum + row.filter((one) => one === 0).length, 0);
  return Math.floor(free / 8);
}

/** @param {number} version */
function dataRoom(version) {
  const [length, blocks] = CORRECTION[version - 1];
  return words(version) - length * blocks;
}

/** How many bytes of text a version holds. @param {number} version */
function room(version) {
  return Math.floor((dataRoom(version) * 8 - 4 - lengthBits(version)) / 8);
}

/** @param {number} version @param {Uint8Array} bytes */
function dataWords(version, bytes) {
  const length = bytes.length.toString(2).padStart(lengthBits(version), "0");
  const text = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
  const bits = `0100${length}${text}0000`;
  const data = new Uint8Array(dataRoom(version));
  for (let at = 0; at < data.length; at++) {
    const word = bits.slice(at * 8, at * 8 + 8);
    data[at] = word ? Number.parseInt(word.padEnd(8, "0"), 2) : padding(at, bits.length);
  }
  return data;
}

/** @param {number} at @param {number} bits */
const padding = (at, bits) => ((at - Math.ceil(bits / 8)) % 2 === 0 ? 0xec : 0x11);

/** All codewords in the order in which they are drawn: first of each block, second of each …
 *  @param {number} version @param {Uint8Array} data */
function interleaved(version, data) {
  const [length, count] = CORRECTION[version - 1];
  const short = Math.floor(data.length / count);
  const long = data.length % count;
  const blocks = Array.from({ length: count }, (_, at) => {
    const start = at * short + Math.max(0, at - (count - long));
    return data.subarray(start, start + short + (at >= count - long ? 1 : 0));
  });
  const checks = blocks.map((block) => remainder(block, generator(length)));
  return [...columns(blocks, short + 1), ...columns(checks, length)];
}

/** @param {Uint8Array[]} blocks @param {number} length */
function columns(blocks, length) {
  const places = Array.from({ length }, (_, at) => at);
  return places.flatMap((at) => blocks.flatMap((block) => (at < block.length ? [block[at]] : [])));
}

/** A product in the field of 256 elements that the correction calculates in.
 *  @param {number} a @param {number} b */
function times(a, b) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ (product >> 7 ? 0x11d : 0) ^ ((b >> bit) & 1 ? a : 0);
  }
  return product;
}

/** The polynomial with the roots 2^0 … 2^(degree-1), without its leading 1.
 *  @param {number} degree */
function generator(degree) {
  const factors = new Uint8Array(degree);
  factors[degree - 1] = 1;
  for (let step = 0, root = 1; step < degree; step++, root = times(root, 2)) {
    for (let at = 0; at < degree; at++) {
      factors[at] = times(factors[at], root) ^ (factors[at + 1] ?? 0);
    }
  }
  return factors;
}

/** The correction codewords of a block.
 *  @param {Uint8Array} block @param {Uint8Array} divisor */
function remainder(block, divisor) {
  const rest = new Uint8Array(divisor.length);
  for (const word of block) {
    const factor = word ^ rest[0];
    rest.copyWithin(0, 1);
    rest[rest.length - 1] = 0;
    for (let at = 0; at < rest.length; at++) rest[at] ^= times(divisor[at], factor);
  }
  return rest;
}

/** @typedef {{ version: number, rows: Uint8Array[], fixed: Uint8Array[] }} Drawing

 *  @param {number} size */
const empty = (size) => Array.from({ length: size }, () => new Uint8Array(size));

/** What every code of a version has: finders, timing, alignment, and room for the format.
 *  @param {number} version @returns {Drawing} */
function patterns(version) {
  const size = sizeOf(version);
  const drawing = { version, rows: empty(size), fixed: empty(size) };
  for (let at = 0; at < size; at++) {
    set(drawing, at, 6, at % 2 === 0);
    set(drawing, 6, at, at % 2 === 0);
  }
  for (const [x, y] of alignments(version)) rings(drawing, x, y, 2, [0, 2]);
  for (const [x, y] of [
    [3, 3],
    [size - 4, 3],
    [3, size - 4],
  ]) {
    rings(drawing, x, y, 4, [0, 1, 3]);
  }
  writeFormat(drawing, 0);
  writeVersion(drawing, 0);
  return drawing;
}

/** @param {Drawing} drawing @param {number} x @param {number} y @param {boolean | number} dark */
function set({ rows, fixed }, x, y, dark) {
  rows[y][x] = dark ? 1 : 0;
  fixed[y][x] = 1;
}

/**
 * Square rings around a centre, as far as they lie inside; the named distances are dark.
 * @param {Drawing} drawing @param {number} x @param {number} y @param {number} reach
 *  @param {number[]} dark */
function rings(drawing, x, y, reach, dark) {
  const size = drawing.rows.length;
  for (let down = -reach; down <= reach; down++) {
    for (let right = -reach; right <= reach; right++) {
      const inside = Math.min(x + right, y + down) >= 0 && Math.max(x + right, y + down) < size;
      const distance = Math.max(Math.abs(right), Math.abs(down));
      if (inside) set(drawing, x + right, y + down, dark.includes(distance));
    }
  }
}

/** The centres of the alignment patterns: a grid without the three corners of the finders.
 *  @param {number} version @returns {number[][]} */
function alignments(version) {
  const last = sizeOf(version) - 7;
  if (version === 1) return [];
  const lines = version < 7 ? [6, last] : [6, (6 + last) / 2, last];
  const corners = [`6 6`, `6 ${last}`, `${last} 6`];
  const all = lines.flatMap((x) => lines.map((y) => [x, y]));
  return all.filter(([x, y]) => !corners.includes(`${x} ${y}`));
}

/** Fifteen bits in two places, and the one module that is always dark.
 *  @param {Drawing} drawing @param {number} bits */
function writeFormat(drawing, bits) {
  const size = drawing.rows.length;
  for (let at = 0; at < 15; at++) {
    const dark = (bits >> at) & 1;
    const near = at < 6 ? at : at < 8 ? at + 1 : 0;
    if (at < 8) set(drawing, 8, near, dark);
    else set(drawing, at === 8 ? 7 : 14 - at, 8, dark);
    if (at < 8) set(drawing, size - 1 - at, 8, dark);
    else set(drawing, 8, size - 15 + at, dark);
  }
  set(drawing, 8, size - 8, bits !== 0);
}

/** From version 7 on, eighteen bits in two places.
 *  @param {Drawing} drawing @param {number} bits */
function writeVersion(drawing, bits) {
  if (drawing.version < 7) return;
  const corner = drawing.rows.length - 11;
  for (let at = 0; at < 18; at++) {
    const dark = (bits >> at) & 1;
    set(drawing, corner + (at % 3), Math.floor(at / 3), dark);
    set(drawing, Math.floor(at / 3), corner + (at % 3), dark);
  }
}

/** The codewords in their zigzag: columns two modules wide, from the right, up and down in turn.
 *  @param {number} version @param {number[]} codewords @returns {Drawing} */
function draw(version, codewords) {
  const drawing = patterns(version);
  let bit = 0;
  for (const [x, y] of zigzag(drawing.rows.length)) {
    if (drawing.fixed[y][x]) continue;
    drawing.rows[y][x] = ((codewords[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1;
    bit += 1;
  }
  return drawing;
}

/** @param {number} size @returns {Generator<[number, number]>} */
function* zigzag(size) {
  let upward = true;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step++) {
      const y = upward ? size - 1 - step : step;
      yield [right, y];
      yield [right - 1, y];
    }
    upward = !upward;
  }
}

/** @param {Drawing} drawing @param {number} mask @returns {Drawing} */
function masked(drawing, mask) {
  const rows = drawing.rows.map((row, y) =>
    row.map((dark, x) => (drawing.fixed[y][x] || !MASKS[mask](x, y) ? dark : 1 - dark)),
  );
  return { ...drawing, rows };
}

/** @param {Drawing} drawing @param {number} mask @returns {Code} */
function finished(drawing, mask) {
  const done = masked(drawing, mask);
  // Level M is 00, so the mask's number alone is the format.
  writeFormat(done, withCheck(mask, 10, 0x537) ^ 0x5412);
  writeVersion(done, withCheck(drawing.version, 12, 0x1f25));
  return { size: done.rows.length, mask, rows: done.rows };
}

/** A number followed by the check bits that protect it.
 *  @param {number} value @param {number} bits @param {number} divisor */
function withCheck(value, bits, divisor) {
  let rest = value;
  for (let at = 0; at < bits; at++) rest = (rest << 1) ^ ((rest >> (bits - 1)) & 1 ? divisor : 0);
  return (value << bits) | rest;
}

/** The mask with the lowest penalty; it is reckoned before format and version are written.
 *  @param {Drawing} drawing @returns {Code} */
function best(drawing) {
  const penalties = MASKS.map((_, mask) => penalty(masked(drawing, mask).rows));
  return finished(drawing, penalties.indexOf(Math.min(...penalties)));
}

/** @param {Uint8Array[]} rows */
function penalty(rows) {
  const lines = rows.map((row) => row.join(""));
  const turned = rows.map((_, x) => rows.map((row) => row[x]).join(""));
  const both = [...lines, ...turned].reduce((sum, line) => sum + runs(line) + finders(line), 0);
  return both + squares(rows) + imbalance(lines.join(""));
}

/** Five or more modules of one colour in a line. @param {string} line */
function runs(line) {
  return (line.match(/0{5,}|1{5,}/g) ?? []).reduce((sum, run) => sum + run.length - 2, 0);
}

/** What looks like a finder: 1011101 with four light modules beside it; outside all is light.
 *  @param {string} line */
function finders(line) {
  const wide = `0000${line}0000`;
  let found = 0;
  for (let at = wide.indexOf("1011101"); at >= 0; ) {
    const counts = wide.startsWith("0000", at - 4) || wide.startsWith("0000", at + 7);
    found += counts ? 40 : 0;
    at = wide.indexOf("1011101", at + (counts ? 7 : 4));
  }
  return found;
}

/** Squares of two by two modules of one colour. @param {Uint8Array[]} rows */
function squares(rows) {
  let found = 0;
  for (let y = 1; y < rows.length; y++) {
    for (let x = 1; x < rows.length; x++) {
      const sum = rows[y][x] + rows[y][x - 1] + rows[y - 1][x] + rows[y - 1][x - 1];
      if (sum % 4 === 0) found += 3;
    }
  }
  return found;
}

/** How far the share of dark modules lies from a half, in steps of a twentieth.
 *  @param {string} modules */
function imbalance(modules) {
  const dark = modules.replaceAll("0", "").length;
  return 10 * Math.trunc(Math.abs((dark * 100) / modules.length - 50) / 5);
}
