/** Asks for a session's state again and again; answers nothing when nothing is new. */

import { troubleOf } from "./api.js";
import { delay } from "./backoff.js";

/** @typedef {import("./api.js").Answer} Answer */

const UNDERSTOOD = [200, 304, 401, 404];

/**
 * @param {object} wanted
 * @param {(etag: string | null) => Promise<Answer>} wanted.read
 * @param {() => number} wanted.every milliseconds between two polls that succeed
 * @param {(state: unknown) => void} wanted.onState
 * @param {(trouble: import("./api.js").Trouble) => void} wanted.onReach why the last poll didn't
 *  come through, if it didn't
 * @param {() => void} wanted.onGone the session is deleted, or the token is not its own
 */
export function startPoll({ read, every, onState, onReach, onGone }) {
  /** @type {string | null} */
  let etag = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let failures = 0;
  let round = 0;
  let stopped = false;

  async function poll() {
    clearTimeout(timer);
    if (stopped) return;
    const mine = ++round;
    const answer = await read(etag);
    if (stopped || mine !== round) return;
    take(answer);
    if (!stopped) timer = setTimeout(poll, failures ? delay(failures) : every());
  }

  /** @param {Answer} answer */
  function take(answer) {
    const { status } = answer;
    const reached = UNDERSTOOD.includes(status);
    failures = reached ? 0 : failures + 1;
    onReach(reached ? "" : troubleOf(status));
    if (status === 200) {
      etag = answer.etag;
      onState(answer.body);
    } else if (status === 401 || status === 404) onGone();
  }

  timer = setTimeout(poll, every());
  return {
    /** Polls at once. */
    now: poll,
    /** Polls at once for a whole answer, also where nothing is new. */
    fresh() {
      etag = null;
      return poll();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
