// Takes photos without their location: a line of JSON for each, and one for each answer.
import { createInterface } from "node:readline";
import { withoutLocation } from "../../website/location.js";

for await (const line of createInterface({ input: process.stdin })) {
  const { type, photo } = JSON.parse(line);
  const parts = withoutLocation(type, new Uint8Array(Buffer.from(photo, "base64")));
  const answer = parts ? Buffer.concat(parts).toString("base64") : null;
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
