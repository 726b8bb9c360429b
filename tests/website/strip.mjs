// Reads a JPEG from standard input and writes it without its location.
import { readFileSync, writeSync } from "node:fs";
import { withoutLocation } from "../../website/jpeg.js";

const parts = withoutLocation(new Uint8Array(readFileSync(0)));
if (!parts) process.exit(3);
writeSync(1, Buffer.concat(parts));
