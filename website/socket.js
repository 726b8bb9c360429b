/** The pushes of a session: a WebSocket that is subscribed, kept awake and replaced when it dies. */

import { parsed } from "./api.js";
import { delay } from "./backoff.js";
import { isState } from "./session.js";

// API Gateway ends a connection that is silent for 10 minutes. Its other limit, 2 hours, is longer
// than a session lives.
const PING_EVERY = 4 * 60_000;
const PATIENCE = 10_000;

/**
 * @param {object} wanted
 * @param {string} wanted.url
 * @param {string} wanted.sessionId
 * @param {string} wanted.token
 * @param {(state: unknown) => void} wanted.onState
 * @param {(live: boolean) => void} wanted.onLive whether pushes arrive
 * @param {() => boolean} [wanted.isHeld] whether the service said to wait
 * @param {(url: string) => WebSocket} [wanted.open]
 */
export function startSocket({ url, sessionId, token, onState, onLive, ...wanted }) {
  const { isHeld = () => false, open = opened } = wanted;
  /** @type {WebSocket | undefined} */
  let socket;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let live = false;
  let failures = 0;
  let stopped = false;

  function connect() {
    clearTimeout(timer);
    if (isHeld()) return retry();
    try {
      socket = open(url);
    } catch {
      return retry();
    }
    const mine = socket;
    const current = () => mine === socket && !stopped;
    mine.onopen = () => current() && send({ action: "subscribe", v: 1, sessionId, token });
    mine.onmessage = ({ data }) => current() && take(data);
    mine.onerror = mine.onclose = () => current() && retry();
    timer = setTimeout(retry, PATIENCE);
  }

  /** @param {object} message */
  function send(message) {
    socket?.send(JSON.stringify(message));
  }

  /** @param {unknown} data */
  function take(data) {
    const message = parsed(String(data));
    if (isState(message)) {
      failures = 0;
      setLive(true);
      rest();
      onState(message);
    } else if (message?.type === "pong") rest();
    else retry();
  }

  /** Waits for the next ping, and then for its answer. */
  function rest() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      send({ action: "ping", v: 1 });
      timer = setTimeout(retry, PATIENCE);
    }, PING_EVERY);
  }

  function retry() {
    drop();
    setLive(false);
    failures += 1;
    timer = setTimeout(connect, delay(failures));
  }

  function drop() {
    clearTimeout(timer);
    const old = socket;
    socket = undefined;
    try {
      old?.close();
    } catch {
      // It never opened.
    }
  }

  /** @param {boolean} now */
  function setLive(now) {
    if (now !== live) onLive(now);
    live = now;
  }

  connect();
  return {
    /** Connects at once, unless it is connected. */
    now() {
      if (live || stopped) return;
      failures = 0;
      drop();
      connect();
    },
    stop() {
      stopped = true;
      drop();
    },
  };
}

/** @param {string} url */
const opened = (url) => new WebSocket(url);
