/** The service's time, told on by a counter: a computer's own clock may be wrong, and may jump. */

// Beyond it the computer has slept, which stops the counter, or its clock was set.
const DRIFT = 5000;

/**
 * @param {() => number} [counter] milliseconds that only go forward
 * @param {() => number} [wall] the computer's clock in milliseconds
 */
export function startClock(counter = () => performance.now(), wall = () => Date.now()) {
  let told = 0;
  let at = counter();
  let wallAt = wall();
  const now = () => told + (counter() - at) / 1000;
  return {
    /** Unix seconds, once the service has told any. */
    now: () => Math.floor(now()),
    /** Takes the service's time; an answer that was long on its way changes nothing.
     *  @param {unknown} seconds */
    set(seconds) {
      if (typeof seconds !== "number" || !Number.isFinite(seconds)) return;
      told = Math.max(seconds, now());
      at = counter();
      wallAt = wall();
    },
    /** Whether the service should be asked for the time. */
    isDoubtful: () => Math.abs(wall() - wallAt - (counter() - at)) > DRIFT,
  };
}
