import assert from "node:assert/strict";
import { test } from "node:test";
import { openLedger } from "../../website/ledger.js";
import { afterAsk, afterPut, blame, fate, startQueue } from "../../website/sending.js";
import { counted, sharedStore } from "./memory.mjs";

for (const [status, expected] of [
  [200, "done"],
  [204, "done"],
  [412, "done"],
  [409, "same"],
  [403, "look"],
  [0, "look"],
  [400, "look"],
  [503, "look"],
]) {
  test(`the bucket's ${status} means ${expected}`, () => {
    assert.equal(afterPut(status), expected);
  });
}

for (const [status, body, expected] of [
  [201, { url: "https://b" }, "put"],
  [200, { url: "https://b" }, "put"],
  [200, {}, "again"],
  [409, { error: "already_stored" }, "done"],
  [409, { error: "quota" }, "full"],
  [409, { error: "conflict" }, "look"],
  [401, {}, "over"],
  [404, {}, "over"],
  [410, {}, "over"],
  [413, {}, "tooLarge"],
  [415, {}, "wrongType"],
  [422, {}, "wrongType"],
  [429, {}, "again"],
  [500, {}, "again"],
  [503, {}, "again"],
  [0, {}, "again"],
  [403, {}, "again"],
]) {
  test(`the answer ${status} ${body.error ?? ""} to the announcement means ${expected}`, () => {
    assert.equal(afterAsk({ status, body, etag: null }), expected);
  });
}

const session = (change = {}) => ({
  ...{ sessionId: "s", rev: 1, status: "SCANNED", expiresAt: 9, uploads: [] },
  ...change,
});
const uploaded = (id, status) => ({ id, status, contentType: "image/jpeg", size: 3 });

test("an image's fate is what the session says, before whether the session goes on", () => {
  const over = session({ status: "EXPIRED", uploads: [uploaded("a", "STORED")] });

  assert.equal(fate(over, "a", 0), "arrived");
  assert.equal(fate(over, "b", 0), "over");
  assert.equal(fate(session(), "b", 0), "open");
  assert.equal(fate(session(), "b", 9), "over");
  assert.equal(fate(session({ uploads: [uploaded("a", "REJECTED")] }), "a", 0), "rejected");
});

for (const [status, share, reached, expected] of [
  [0, 0, false, "connection"],
  [0, 1, false, "connection"],
  [0, 0.4, true, "connection"],
  [0, 0, true, "bucket"],
  [0, 1, true, "bucket"],
  [503, 1, true, "bucket"],
  [429, 0, true, "bucket"],
  [403, 1, true, "refused"],
  [400, 0, true, "refused"],
]) {
  test(`${status} after ${share} of a photo, the service ${reached}: it is the ${expected}`, () => {
    assert.equal(blame(status, share, reached), expected);
  });
}

/** A queue whose services answer from lists, the last answer for ever. */
function queue({
  asks = [],
  puts = [200],
  looks = [undefined],
  store = sharedStore(),
  ...more
} = {}) {
  const seen = { asked: [], names: [], put: [], stopped: 0, waits: [], items: [], prepared: [] };
  const next = (list) => (list.length > 1 ? list.shift() : list[0]);
  const granted = { status: 201, body: { url: "https://b/1", headers: {} }, etag: null };
  const ledger = openLedger(store, counted, more.clock);
  ledger.nonce();
  const made = startQueue({
    async ask({ uploadId, name }) {
      seen.asked.push(uploadId);
      seen.names.push(name);
      return next(asks) ?? granted;
    },
    async put(url, _headers, _body, onShare, signal) {
      seen.put.push(url);
      signal.addEventListener("abort", () => {
        seen.stopped += 1;
      });
      if (more.share) onShare(more.share);
      await more.hold;
      return next(puts);
    },
    look: async () => next(looks),
    now: more.now,
    ledger,
    onChange: (items) => {
      seen.items = items;
    },
    onPrepared: (key) => seen.prepared.push(key),
    wait: async (failures) => {
      seen.waits.push(failures);
      await more.paused;
    },
  });
  const uploads = () => store.read()?.uploads ?? [];
  return { ...made, seen, ledger, uploads };
}

const file = { name: "a.jpg" };
const photo = (text, digest, name) => ({
  body: new Blob([text]),
  type: "image/jpeg",
  digest,
  name,
});
const prepared = async ({ name }) => photo("abc", "d1", name);
const other = async ({ name }) => photo("xyz", "d2", name);
const quiet = () => new Promise((resolve) => setTimeout(resolve, 10));
const never = new Promise(() => {});
const states = ({ seen }) => seen.items.map(({ state }) => state);
const answer = (status, body = {}) => ({ status, body, etag: null });

test("an image that the bucket takes is sent, and then follows the session", async () => {
  const one = queue();

  one.add([file], prepared);
  await quiet();
  const [id] = one.seen.asked;
  assert.deepEqual(states(one), ["sent"]);
  one.follow(session({ rev: 2, uploads: [uploaded(id, "STORED")] }));

  assert.deepEqual(states(one), ["arrived"]);
});

test("an id is written down before its photo is announced and finished when it is sent", async () => {
  const written = [];
  const one = queue({ asks: [answer(0), undefined], paused: never });

  one.add([file], prepared);
  await quiet();
  written.push(...one.uploads());

  assert.deepEqual(
    written.map(({ id, done }) => [id, done]),
    [[one.seen.asked[0], undefined]],
  );
  const two = queue();
  two.add([file], prepared);
  await quiet();
  assert.deepEqual(
    two.uploads().map(({ done }) => done),
    [true],
  );
});

test("photos are announced in the order of their choice, under their names", async () => {
  const one = queue();

  one.add([{ name: "b.jpg" }, { name: "a.jpg" }, { name: "c.jpg" }], prepared);
  await quiet();

  assert.deepEqual(one.seen.names, ["b.jpg", "a.jpg", "c.jpg"]);
});

test("a photo of whose name nothing is left is announced without one", async () => {
  const one = queue();

  one.add([{ name: "" }], prepared);
  await quiet();

  assert.deepEqual(one.seen.names, [undefined]);
});

test("409 from the bucket puts to the same URL again", async () => {
  const one = queue({ puts: [409, 409, 200] });

  one.add([file], prepared);
  await quiet();

  assert.equal(one.seen.asked.length, 1);
  assert.deepEqual(one.seen.put, ["https://b/1", "https://b/1", "https://b/1"]);
  assert.deepEqual(states(one), ["sent"]);
});

for (const status of [0, 403]) {
  test(`${status} from the bucket looks at the session and asks again with the same id`, async () => {
    const one = queue({ puts: [status, 200], looks: [session()] });

    one.add([file], prepared);
    await quiet();

    assert.equal(one.seen.asked.length, 2);
    assert.equal(new Set(one.seen.asked).size, 1);
    assert.deepEqual(one.seen.waits, [1]);
    assert.deepEqual(states(one), ["sent"]);
  });
}

test("a lost answer of the bucket is found in the session", async () => {
  const looks = [];
  const one = queue({ puts: [0], looks });
  looks.push(undefined, session());

  one.add([file], prepared);
  looks[0] = session({ rev: 2, uploads: [uploaded(one.seen.items[0].key, "STORED")] });
  await quiet();

  assert.equal(one.seen.asked.length, 1);
  assert.deepEqual(states(one), ["arrived"]);
});

test("passing failures are waited out, a little longer each time", async () => {
  const asks = [answer(0), answer(429), answer(503), undefined];
  const one = queue({ asks });

  one.add([file], prepared);
  await quiet();

  assert.deepEqual(one.seen.waits, [1, 2, 3]);
  assert.deepEqual(states(one), ["sent"]);
});

test("a service that says to wait is waited for as long as it takes", async () => {
  const one = queue({ asks: [...Array(40).fill(answer(429)), undefined] });

  one.add([file], prepared);
  await quiet();

  assert.equal(one.seen.asked.length, 41);
  assert.deepEqual(states(one), ["sent"]);
});

test("already_stored counts as done", async () => {
  const one = queue({ asks: [answer(409, { error: "already_stored" })] });

  one.add([file], prepared);
  await quiet();

  assert.deepEqual(states(one), ["sent"]);
  assert.equal(one.seen.put.length, 0);
});

test("a conflict on an open upload ends it; the id stands for something else", async () => {
  const one = queue({ asks: [answer(409, { error: "conflict" })], looks: [session()] });

  one.add([file], prepared);
  await quiet();

  assert.deepEqual(states(one), ["failed"]);
});

test("410 ends this image and those that wait", async () => {
  const one = queue({ asks: [answer(410)] });

  one.add([file, file, file], prepared);
  await quiet();

  assert.deepEqual(states(one), ["failed", "failed", "failed"]);
  assert.ok(one.seen.items.every(({ problem }) => problem === "over"));
});

test("the time running out leaves a photo on its way alone, a cancelled session does not", async () => {
  let release;
  const hold = new Promise((resolve) => {
    release = resolve;
  });
  const [late, stopped] = [queue({ hold }), queue({ hold })];

  for (const one of [late, stopped]) one.add([file], prepared);
  await quiet();
  late.follow(session({ rev: 2, status: "EXPIRED" }));
  stopped.follow(session({ rev: 2, status: "CANCELLED" }));
  release();
  await quiet();

  assert.deepEqual(states(late), ["sent"]);
  assert.deepEqual(states(stopped), ["failed"]);
  assert.equal(stopped.seen.stopped, 1);
});

for (const [what, session] of [
  ["that is stopped", { status: "CANCELLED", expiresAt: 2000 }],
  ["whose time has long been over", { status: "COMPLETED", expiresAt: 300 }],
]) {
  test(`a photo that was sent and never told ends with a session ${what}`, async () => {
    const one = queue({ now: () => 1000 });
    one.add([file], prepared);
    await quiet();
    assert.deepEqual(states(one), ["sent"]);

    one.follow({ ...session, uploads: [{ id: one.seen.asked[0], status: "REQUESTED" }] });

    assert.equal(one.seen.items[0].state, "failed");
    assert.equal(one.seen.items[0].problem, "over");
  });
}

test("at most two photos are on their way at once", async () => {
  const one = queue({ hold: never });

  one.add([file, file, file, file], prepared);
  await quiet();

  assert.deepEqual(states(one), ["sending", "sending", "waiting", "waiting"]);
});

test("photos are read one after the other, also while others are sent", async () => {
  let reading = 0;
  let most = 0;
  const one = queue({ hold: never });

  one.add([file, file, file, file], async () => {
    most = Math.max(most, ++reading);
    await new Promise(setImmediate);
    reading -= 1;
    return prepared(file);
  });
  for (let round = 0; round < 50; round++) await new Promise(setImmediate);

  assert.equal(most, 1);
  assert.equal(one.seen.prepared.length, 4);
});

test("a file that can't be prepared fails with its reason and the next one goes on", async () => {
  const one = queue();

  one.add([file], () => Promise.reject(new Error("wrongType")));
  one.add([file], prepared);
  await quiet();

  assert.deepEqual(states(one), ["failed", "sent"]);
  assert.equal(one.seen.items[0].problem, "wrongType");
  assert.equal(one.seen.prepared.length, 1);
  assert.equal(one.hasWayOn(one.seen.items[0].key), false);
});

// ---- what can't be sent ends

test("a missing connection is waited for without an end", async () => {
  const one = queue({ puts: [...Array(40).fill(0), 200] });

  one.add([file], prepared);
  await quiet();

  assert.equal(one.seen.put.length, 41);
  assert.deepEqual(states(one), ["sent"]);
});

for (const [name, more, reason, tries] of [
  ["a bucket that refuses for good", { puts: [403], looks: [session()] }, "storageFails", 4],
  ["a bucket out of reach", { puts: [0], looks: [session()] }, "storageFails", 7],
  ["a bucket in trouble", { puts: [503], looks: [session()] }, "storageFails", 7],
  ["a service in trouble", { asks: [answer(503)] }, "serviceFails", 10],
  ["a wall before the service", { asks: [answer(403)] }, "serviceFails", 10],
]) {
  test(`${name} ends after ${tries} tries, and the person can try again`, async () => {
    const one = queue(more);

    one.add([file], prepared);
    await quiet();

    const [item] = one.seen.items;
    assert.deepEqual([item.state, item.problem], ["failed", reason]);
    assert.equal(one.seen.asked.length, tries);
    assert.equal(one.hasWayOn(item.key), true);
    more.puts?.splice(0, 1, 200);
    more.asks?.splice(0, 1, undefined);
    one.again(item.key);
    await quiet();
    assert.deepEqual(states(one), ["sent"]);
    assert.equal(new Set(one.seen.asked).size, 1);
  });
}

test("why a photo is tried again is told apart", async () => {
  const reasons = [];
  for (const more of [
    { asks: [answer(0)] },
    { asks: [answer(503)] },
    { puts: [403], looks: [session()] },
    { puts: [0], looks: [session()], share: 0.5 },
  ]) {
    const one = queue({ ...more, paused: never });
    one.add([file], prepared);
    await quiet();
    reasons.push(one.seen.items[0].reason);
    assert.deepEqual(states(one), ["retrying"]);
  }

  assert.deepEqual(reasons, ["connection", "service", "refused", "connection"]);
});

test("a location that can't be removed is sent only when the person says so", async () => {
  const asked = [];
  const one = queue();

  one.add([file], async (_file, asItIs) => {
    asked.push(asItIs);
    if (!asItIs) throw new Error("locationStays");
    return prepared(file);
  });
  await quiet();
  assert.deepEqual(states(one), ["failed"]);
  assert.equal(one.seen.asked.length, 0);
  one.again(one.seen.items[0].key);
  await quiet();

  assert.deepEqual(asked, [false, true]);
  assert.deepEqual(states(one), ["sent"]);
});

// ---- taking back

for (const [name, more, state] of [
  ["that is being sent", { hold: never }, "sending"],
  ["that is tried again", { asks: [answer(0)], paused: never }, "retrying"],
]) {
  test(`a photo ${name} can be taken back, and its place goes to the next`, async () => {
    const one = queue(more);
    one.add([file, file, file], prepared);
    await quiet();
    const [first] = one.seen.items;
    assert.equal(first.state, state);

    one.dismiss(first.key);
    await quiet();

    assert.ok(one.seen.items.every(({ key }) => key !== first.key));
    assert.equal(one.seen.items.length, 2);
    assert.equal(one.seen.stopped, more.hold ? 1 : 0);
  });
}

test("a file that never comes keeps the others waiting only until it is taken back", async () => {
  const one = queue({ hold: never });
  one.add([file], () => never);
  one.add([file], prepared);
  await quiet();
  assert.deepEqual(states(one), ["waiting", "waiting"]);

  one.dismiss(one.seen.items[0].key);
  await quiet();

  assert.deepEqual(states(one), ["sending"]);
});

test("a photo that waits to be read is never read once it was taken back", async () => {
  let read = 0;
  const one = queue({ hold: never });

  one.add([file, file], async () => {
    read += 1;
    return prepared(file);
  });
  one.dismiss(one.seen.items[1].key);
  await quiet();

  assert.equal(read, 1);
});

test("a photo that was taken back and is chosen again costs no second place", async () => {
  const one = queue({ asks: [undefined], hold: never });
  one.add([file], prepared);
  await quiet();

  one.dismiss(one.seen.items[0].key);
  one.add([file], prepared);
  await quiet();

  assert.equal(one.seen.asked.length, 2);
  assert.equal(new Set(one.seen.asked).size, 1);
});

// ---- another page of the same phone

/** What a page leaves that was dropped while it sent a photo. */
async function cutOff(store) {
  const page = queue({ store, asks: [answer(0)], paused: never });
  page.add([{ name: "old.jpg" }], prepared);
  await quiet();
  page.ledger.leave();
  return page.seen.asked[0];
}

test("what a reload cut off is shown, and choosing it again takes its place and id", async () => {
  const store = sharedStore();
  const id = await cutOff(store);
  const one = queue({ store });
  assert.deepEqual(states(one), ["unfinished"]);

  one.add([file], prepared);
  await quiet();

  assert.deepEqual(states(one), ["sent"]);
  assert.deepEqual(one.seen.asked, [id]);
});

test("another photo of the same type and size is another photo", async () => {
  const store = sharedStore();
  const id = await cutOff(store);
  const one = queue({ store });

  one.add([file], other);
  await quiet();

  assert.deepEqual(states(one), ["unfinished", "sent"]);
  assert.notEqual(one.seen.asked[0], id);
});

test("one photo twice in one choice is two photos", async () => {
  const store = sharedStore();
  await cutOff(store);
  const one = queue({ store, hold: never });

  one.add([file, file], prepared);
  await quiet();

  assert.equal(new Set(one.seen.asked).size, 2);
});

test("a photo that another tab has sent is not sent again", async () => {
  const store = sharedStore();
  const first = queue({ store });
  first.add([file], prepared);
  await quiet();
  const second = queue({ store, asks: [answer(409, { error: "already_stored" })] });

  second.add([file], prepared);
  await quiet();

  assert.deepEqual(second.seen.asked, first.seen.asked);
  assert.equal(second.seen.put.length, 0);
  assert.deepEqual(states(second), ["sent"]);
});

test("a photo that another tab is sending is left to it, until that tab is gone", async () => {
  const store = sharedStore();
  const clock = { now: 1000 };
  const more = { store, clock: () => clock.now };
  const first = queue({ ...more, hold: never });
  first.add([file], prepared);
  await quiet();
  let release;
  const paused = new Promise((resolve) => {
    release = resolve;
  });
  const second = queue({ ...more, paused });

  second.add([file], prepared);
  await quiet();
  assert.deepEqual(states(second), ["elsewhere"]);
  assert.equal(second.seen.asked.length, 0);
  clock.now += 9000;
  release();
  await quiet();

  assert.deepEqual(second.seen.asked, first.seen.asked);
  assert.deepEqual(states(second), ["sent"]);
});

test("what arrived before a reload was noticed is told by the session", async () => {
  const store = sharedStore();
  const id = await cutOff(store);
  const one = queue({ store });

  one.follow(session({ rev: 5, uploads: [uploaded(id, "STORED")] }));

  assert.deepEqual(states(one), ["arrived"]);
  assert.deepEqual(one.ledger.unfinished(), []);
});

test("a dismissed photo of an earlier page is out of sight for good", async () => {
  const store = sharedStore();
  const id = await cutOff(store);
  const one = queue({ store });

  one.dismiss(id);

  assert.deepEqual(states(one), []);
  assert.deepEqual(states(queue({ store })), []);
});
