// Reads [name, base64] pairs from standard input and writes a zip of them.
import { readFileSync, writeSync } from "node:fs";
import { zip } from "../../website/zip.js";

const files = JSON.parse(readFileSync(0, "utf8"));
const entries = files.map(([name, data]) => ({
  name,
  content: new Blob([Buffer.from(data, "base64")]),
}));
const made = await zip(entries, new Date(2026, 10, 25, 9, 30, 14));
const bytes = Buffer.from(await made.arrayBuffer());
for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
