/** The six routes of the HTTP API. */

/**
 * @typedef {object} Answer
 * @property {number} status 0 where nothing readable came: no network, or an answer without CORS
 * @property {any} body what was answered in JSON, else `{}`
 * @property {string | null} etag
 */

const PATIENCE = 20_000;
const LONGEST = 900; // seconds

/** @param {string} base the HTTP API's address, without a slash at its end */
export function connect(base) {
  let heldUntil = 0;
  const isHeld = () => performance.now() < heldUntil;

  /** @param {string} method @param {string} path @param {string} [token] @param {object} [body]
   *  @param {string | null} [etag] @returns {Promise<Answer>} */
  async function call(method, path, token, body, etag) {
    if (isHeld()) return { status: 429, body: {}, etag: null };
    const headers = new Headers();
    if (token) headers.set("authorization", `Bearer ${token}`);
    if (body) headers.set("content-type", "application/json");
    if (etag) headers.set("if-none-match", etag);
    try {
      const signal = AbortSignal.timeout?.(PATIENCE);
      const init = { method, headers, signal, body: body && JSON.stringify(body) };
      const answer = await fetch(base + path, { ...init, cache: "no-store" });
      const seconds = Number(answer.headers.get("retry-after")) || 0;
      if (answer.status === 429) heldUntil = performance.now() + 1000 * Math.min(seconds, LONGEST);
      return await read(answer);
    } catch {
      return { status: 0, body: {}, etag: null };
    }
  }

  return {
    isHeld,
    create: () => call("POST", "/sessions", undefined, {}),
    /** @param {string} id @param {string} token @param {string | null} [etag] */
    read: (id, token, etag) => call("GET", `/sessions/${id}`, token, undefined, etag),
    /** @param {string} id @param {string} token @param {string} phone the nonce */
    claim: (id, token, phone) => call("POST", `/sessions/${id}/claim`, token, { phone }),
    /** @param {string} id @param {string} token
     *  @param {{ uploadId: string, contentType: string, size: number, name?: string }} upload */
    ask: (id, token, upload) => call("POST", `/sessions/${id}/uploads`, token, upload),
    /** @param {string} id @param {string} token @param {string} uploadId */
    image: (id, token, uploadId) => call("GET", `/sessions/${id}/uploads/${uploadId}`, token),
    /** @param {string} id @param {string} token */
    cancel: (id, token) => call("DELETE", `/sessions/${id}`, token),
  };
}

/** @typedef {ReturnType<typeof connect>} Api

 *  @param {Response} answer @returns {Promise<Answer>} */
async function read(answer) {
  const text = await answer.text();
  const body = parsed(text);
  // A page of HTML comes from what stands before the service: the same request may do better later.
  const isStrange = !body && (answer.ok || text !== "") && !isPassing(answer.status);
  const status = isStrange ? 502 : answer.status;
  return { status, body: body ?? {}, etag: answer.headers.get("etag") };
}

/** What a text in JSON says. @param {string} text @returns {any} undefined where it is none */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @typedef {"" | "offline" | "busy" | "unreachable"} Trouble a key of the words */

/** What keeps the service away, by an answer that isn't its own. @param {number} status
 *  @returns {Trouble} */
export function troubleOf(status) {
  if (status === 429) return "busy";
  return status === 0 ? "offline" : "unreachable";
}

/** Whether the same request may do better later. @param {number} status */
export function isPassing(status) {
  return status === 0 || status === 408 || status === 429 || status >= 500;
}
