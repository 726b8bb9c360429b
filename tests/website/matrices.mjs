// Prints every code that the test asks for: one JSON list of [text, mask or null] comes in,
// one line for each goes out, `mask size modules`.
import { readFileSync } from "node:fs";
import { encode } from "../../website/qr.js";

for (const [text, mask] of JSON.parse(readFileSync(0, "utf8"))) {
  const code = encode(text, mask ?? undefined);
  const modules = code.rows.map((row) => row.join("")).join("");
  console.log(`${code.mask} ${code.size} ${modules}`);
}
