import assert from "node:assert/strict";
import { test } from "node:test";
import { startClock } from "../../website/clock.js";

/** A clock on a computer whose two times this test sets. */
function ticking() {
  const time = { counter: 500, wall: 9e12 };
  const clock = startClock(
    () => time.counter,
    () => time.wall,
  );
  const pass = (milliseconds) => {
    time.counter += milliseconds;
    time.wall += milliseconds;
  };
  return { clock, time, pass };
}

test("the service's time goes on by the counter", () => {
  const { clock, pass } = ticking();
  clock.set(1000);

  pass(2500);

  assert.equal(clock.now(), 1002);
});

test("setting the computer's clock moves nothing, and is noticed", () => {
  const { clock, time } = ticking();
  clock.set(1000);

  time.wall -= 7_200_000;

  assert.equal(clock.now(), 1000);
  assert.equal(clock.isDoubtful(), true);
});

test("a sleep that stopped the counter is noticed, and the next answer ends the doubt", () => {
  const { clock, time } = ticking();
  clock.set(1000);
  time.wall += 600_000;
  assert.equal(clock.isDoubtful(), true);

  clock.set(1600);

  assert.equal(clock.isDoubtful(), false);
  assert.equal(clock.now(), 1600);
});

test("time that passes as it should leaves no doubt", () => {
  const { clock, pass } = ticking();
  clock.set(1000);

  pass(1_800_000);

  assert.equal(clock.isDoubtful(), false);
});

test("an answer that was long on its way doesn't turn time back", () => {
  const { clock, pass } = ticking();
  clock.set(1000);
  pass(60_000);

  clock.set(1010);

  assert.equal(clock.now(), 1060);
});

for (const nonsense of [undefined, null, "1000", Number.NaN, Infinity]) {
  test(`${nonsense} is no time`, () => {
    const { clock } = ticking();
    clock.set(1000);

    clock.set(nonsense);

    assert.equal(clock.now(), 1000);
  });
}
