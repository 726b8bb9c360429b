import assert from "node:assert/strict";
import { test } from "node:test";
import { afterAsk, afterPut, earlierId, fate, startQueue } from "../../website/sending.js";

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
  [409, { error: "quota" }, "tooMany"],
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

  assert.equal(fate(over, "a"), "arrived");
  assert.equal(fate(over, "b"), "over");
  assert.equal(fate(session(), "b"), "open");
  assert.equal(fate(session({ uploads: [uploaded("a", "REJECTED")] }), "a"), "rejected");
});

test("the same image chosen again after a reload keeps its id", () => {
  const unfinished = [{ id: "a", name: "x", type: "image/png", size: 3 }];

  assert.equal(earlierId(unfinished, "image/png", 3), "a");
  assert.equal(earlierId(unfinished, "image/png", 4), undefined);
  assert.equal(earlierId(unfinished, "image/jpeg", 3), undefined);
});

/** A queue whose services answer from lists, the last answer for ever. */
function queue({ asks = [], puts = [200], looks = [undefined], unfinished = [], hold } = {}) {
  const seen = { asked: [], put: [], kept: [], waits: [], items: [] };
  const next = (list) => (list.length > 1 ? list.shift() : list[0]);
  const granted = { status: 201, body: { url: "https://b/1", headers: {} }, etag: null };
  const made = startQueue({
    async ask(upload) {
      seen.asked.push(upload.uploadId);
      return next(asks) ?? granted;
    },
    async put(url) {
      seen.put.push(url);
      await hold;
      return next(puts);
    },
    look: async () => next(looks),
    unfinished,
    keep: (all) => seen.kept.push(all.map(({ id }) => id)),
    onChange: (items) => {
      seen.items = items;
    },
    wait: async (failures) => {
      seen.waits.push(failures);
    },
  });
  return { ...made, seen };
}

const file = { name: "a.jpg" };
const prepared = async () => ({ body: new Blob(["abc"]), type: "image/jpeg" });
const quiet = () => new Promise((resolve) => setTimeout(resolve, 5));
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

test("an id is written down before its image is announced and forgotten when it is settled", async () => {
  const one = queue();

  one.add([file], prepared);
  await quiet();

  assert.deepEqual(one.seen.kept, [[one.seen.asked[0]], []]);
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

test("the time running out leaves an image on its way alone, a cancelled session does not", async () => {
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
});

test("at most two images are on their way at once", async () => {
  const hold = new Promise(() => {});
  const one = queue({ hold });

  one.add([file, file, file, file], prepared);
  await quiet();

  assert.deepEqual(states(one), ["sending", "sending", "waiting", "waiting"]);
});

test("a file that can't be prepared fails with its reason and the next one goes on", async () => {
  const one = queue();

  one.add([file], () => Promise.reject(new Error("wrongType")));
  one.add([file], prepared);
  await quiet();

  assert.deepEqual(states(one), ["failed", "sent"]);
  assert.equal(one.seen.items[0].problem, "wrongType");
});

test("what a reload cut off is shown, and choosing it again takes its place and id", async () => {
  const unfinished = [{ id: "e".repeat(32), name: "old.jpg", type: "image/jpeg", size: 3 }];
  const one = queue({ unfinished });
  assert.deepEqual(states(one), ["unfinished"]);

  one.add([file], prepared);
  await quiet();

  assert.deepEqual(states(one), ["sent"]);
  assert.deepEqual(one.seen.asked, ["e".repeat(32)]);
});

test("what arrived before a reload was noticed is told by the session", () => {
  const unfinished = [{ id: "e".repeat(32), name: "old.jpg", type: "image/jpeg", size: 3 }];
  const one = queue({ unfinished });

  one.follow(session({ rev: 5, uploads: [uploaded("e".repeat(32), "STORED")] }));

  assert.deepEqual(states(one), ["arrived"]);
  assert.deepEqual(one.seen.kept.at(-1), []);
});

test("a dismissed image is out of sight and forgotten", () => {
  const unfinished = [{ id: "e".repeat(32), name: "old.jpg", type: "image/jpeg", size: 3 }];
  const one = queue({ unfinished });

  one.dismiss("e".repeat(32));

  assert.deepEqual(states(one), []);
  assert.deepEqual(one.seen.kept.at(-1), []);
});
