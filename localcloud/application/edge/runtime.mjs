// CloudFront Functions' runtime, as far as a request needs it: a line of JSON in, a line out.
// Each function has a context without require, files, network, timers or code from strings, after
// "JavaScript runtime 2.0 features for CloudFront Functions" in the CloudFront developer guide.
import { createInterface } from "node:readline";
import { createContext, runInContext } from "node:vm";

const LONGEST_MS = 500; // CloudFront allows less than one, measured otherwise
const contexts = new Map();

function contextOf(code) {
  if (!contexts.has(code)) {
    const context = createContext(Object.create(null), {
      codeGeneration: { strings: false, wasm: false },
    });
    runInContext("globalThis.console = { log() {}, error() {} }", context);
    runInContext(`${code}\n;globalThis.handler = handler;`, context, { timeout: LONGEST_MS });
    contexts.set(code, context);
  }
  return contexts.get(code);
}

// rawQueryString() is of "General helper methods" there: no text at all without a question mark.
const CALL = `(async () => {
  const { event, query } = JSON.parse(text);
  if (event.request) event.request.rawQueryString = () => query ?? undefined;
  return JSON.stringify(await handler(event));
})()`;

async function answer({ id, code, event, query }) {
  try {
    const context = contextOf(code);
    context.text = JSON.stringify({ event, query });
    const value = await runInContext(CALL, context, { timeout: LONGEST_MS });
    return { id, value: JSON.parse(value) };
  } catch (error) {
    return { id, error: String(error) };
  }
}

createInterface({ input: process.stdin }).on("line", async (line) => {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
});
