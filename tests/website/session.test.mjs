import assert from "node:assert/strict";
import { test } from "node:test";
import { isSettled, phase } from "../../website/pictures.js";
import { GRACE_SECONDS, isOver, isState, step } from "../../website/session.js";

const upload = (id, status) => ({ id, status, contentType: "image/jpeg", size: 1 });
const state = (change = {}) => ({
  ...{ v: 1, type: "state", sessionId: "s", rev: 1, status: "AWAITING_SCAN", expiresAt: 1800 },
  uploads: [],
  ...change,
});
const session = step({ sessionId: "s", rev: 0, status: "", expiresAt: 0, uploads: [] }, state());

test("a greater rev is news", () => {
  const next = step(session, state({ rev: 2, status: "SCANNED", matchCode: "07" }));

  assert.equal(next.status, "SCANNED");
  assert.equal(next.matchCode, "07");
});

test("a smaller rev changes nothing, however late it comes", () => {
  const next = step(session, state({ rev: 3, status: "COMPLETED" }));

  assert.equal(step(next, state({ rev: 2, status: "SCANNED" })), next);
});

test("the same rev with the same status changes nothing, so that nothing is drawn twice", () => {
  assert.equal(step(session, state({ uploads: [upload("a", "STORED")] })), session);
});

test("the same rev with another status is the clock's news", () => {
  assert.equal(step(session, state({ status: "EXPIRED" })).status, "EXPIRED");
});

test("another session's state changes nothing", () => {
  assert.equal(step(session, state({ sessionId: "t", rev: 9 })), session);
});

for (const message of [
  undefined,
  null,
  7,
  "state",
  [],
  {},
  { v: 1, type: "pong" },
  { v: 1, type: "error", error: "not_found" },
  { message: "Internal server error", connectionId: "c", requestId: "r" },
  { ...state({ rev: 9 }), uploads: undefined },
  { ...state({ rev: 9 }), uploads: [null] },
  { ...state({ rev: "9" }) },
]) {
  test(`${JSON.stringify(message)} is no state and changes nothing`, () => {
    assert.equal(isState(message), false);
    assert.equal(step(session, message), session);
  });
}

test("pushes and polls in any order end in the newest state", () => {
  const all = [2, 3, 4, 5].map((rev) => state({ rev, matchCode: String(rev) }));
  for (const order of permutations(all)) {
    assert.equal(order.reduce(step, session).matchCode, "5");
  }
});

function permutations(items) {
  if (items.length < 2) return [items];
  return items.flatMap((one, at) =>
    permutations(items.toSpliced(at, 1)).map((rest) => [one, ...rest]),
  );
}

for (const [status, uploads, now, expected] of [
  ["AWAITING_SCAN", [], 0, "waiting"],
  ["SCANNED", [], 0, "connected"],
  ["UPLOAD_REQUESTED", [upload("a", "REQUESTED")], 0, "receiving"],
  ["COMPLETED", [upload("a", "STORED")], 0, "arrived"],
  ["UPLOAD_REQUESTED", [upload("a", "STORED"), upload("b", "REQUESTED")], 0, "receiving"],
  ["UPLOAD_REQUESTED", [upload("a", "REJECTED")], 0, "connected"],
  ["AWAITING_SCAN", [], 1800, "ended"],
  ["COMPLETED", [upload("a", "STORED")], 1800, "ended"],
  ["EXPIRED", [upload("a", "REQUESTED")], 1900, "receiving"],
  ["EXPIRED", [upload("a", "REQUESTED")], 1800 + GRACE_SECONDS, "ended"],
  ["CANCELLED", [upload("a", "REQUESTED")], 0, "stopped"],
]) {
  test(`${status} with ${uploads.map((one) => one.status)} at ${now} is ${expected}`, () => {
    assert.equal(phase({ ...session, status, uploads }, now), expected);
  });
}

test("a completed session ends for sending when its time is up", () => {
  const completed = { ...session, status: "COMPLETED", uploads: [upload("a", "STORED")] };

  assert.equal(isOver(completed, 1799), false);
  assert.equal(isOver(completed, 1800), true);
});

test("an image on its way keeps an ended session watched for a while", () => {
  const late = { ...session, status: "EXPIRED", uploads: [upload("a", "REQUESTED")] };

  assert.equal(isSettled(late, 1800), false);
  assert.equal(isSettled(late, 1800 + GRACE_SECONDS), true);
  assert.equal(isSettled({ ...late, status: "CANCELLED" }, 0), true);
});
