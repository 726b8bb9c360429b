import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { delay } from "../../website/backoff.js";
import { startPoll } from "../../website/poll.js";
import { startSocket } from "../../website/socket.js";

const state = {
  type: "state",
  sessionId: "s",
  rev: 1,
  status: "SCANNED",
  expiresAt: 9,
  uploads: [],
};
const flush = async () => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
});

test("delays double to half a minute and lie in the upper half of their span", () => {
  const spans = [1, 2, 3, 4, 5, 6, 7, 60].map((failures) => [
    delay(failures, () => 0),
    delay(failures, () => 1),
  ]);

  assert.deepEqual(spans.slice(0, 3), [
    [500, 1000],
    [1000, 2000],
    [2000, 4000],
  ]);
  assert.deepEqual(spans.at(-1), [15000, 30000]);
  assert.ok(new Set([delay(3), delay(3), delay(3), delay(3)]).size > 1);
});

/** A socket whose other end is this test. */
function connection(more = {}) {
  const seen = { sockets: [], states: [], live: [] };
  const one = startSocket({
    ...{ url: "wss://x/dev", sessionId: "s", token: "t" },
    onState: (message) => seen.states.push(message),
    onLive: (live) => seen.live.push(live),
    ...more,
    open() {
      const socket = { sent: [], closed: false };
      socket.send = (text) => socket.sent.push(JSON.parse(text));
      socket.close = () => {
        socket.closed = true;
      };
      seen.sockets.push(socket);
      return socket;
    },
  });
  const say = (message) => seen.sockets.at(-1).onmessage({ data: JSON.stringify(message) });
  return { ...one, seen, say, latest: () => seen.sockets.at(-1) };
}

test("an open socket subscribes, and any state confirms it", () => {
  const one = connection();

  one.latest().onopen();
  one.say(state);

  assert.deepEqual(one.latest().sent, [{ action: "subscribe", v: 1, sessionId: "s", token: "t" }]);
  assert.deepEqual(one.seen.live, [true]);
  assert.deepEqual(one.seen.states, [state]);
});

test("a socket is not opened while the service said to wait, and after that it is", () => {
  let held = true;
  const one = connection({ isHeld: () => held });

  mock.timers.tick(60_000);
  one.now();
  assert.equal(one.seen.sockets.length, 0);
  held = false;
  mock.timers.tick(30_000);

  assert.equal(one.seen.sockets.length, 1);
});

test("a live socket pings well inside the ten minutes and goes on after the pong", () => {
  const one = connection();
  one.latest().onopen();
  one.say(state);

  for (let round = 0; round < 3; round++) {
    mock.timers.tick(4 * 60_000);
    one.say({ v: 1, type: "pong" });
  }

  assert.deepEqual(
    one
      .latest()
      .sent.slice(1)
      .map(({ action }) => action),
    ["ping", "ping", "ping"],
  );
  assert.equal(one.seen.sockets.length, 1);
});

test("a ping without an answer means a dead connection: a new one is made", () => {
  const one = connection();
  one.latest().onopen();
  one.say(state);

  mock.timers.tick(4 * 60_000);
  mock.timers.tick(10_000);
  mock.timers.tick(1000);

  assert.equal(one.seen.sockets[0].closed, true);
  assert.equal(one.seen.sockets.length, 2);
  assert.deepEqual(one.seen.live, [true, false]);
});

for (const [what, happens] of [
  ["closes", (socket) => socket.onclose()],
  ["fails", (socket) => socket.onerror()],
  ["gets the gateway's own error", (socket) => socket.onmessage({ data: '{"message":"x"}' })],
  ["gets a refusal", (socket) => socket.onmessage({ data: '{"type":"error"}' })],
  ["gets garbage", (socket) => socket.onmessage({ data: "\0" })],
  ["is never answered", () => mock.timers.tick(10_000)],
]) {
  test(`a socket that ${what} is replaced after a pause`, () => {
    const one = connection();
    one.latest().onopen();

    happens(one.latest());
    assert.equal(one.seen.sockets.length, 1);
    mock.timers.tick(1000);

    assert.equal(one.seen.sockets.length, 2);
  });
}

test("a closed socket that speaks again is not heard", () => {
  const one = connection();
  const old = one.latest();
  old.onclose();
  mock.timers.tick(1000);

  old.onmessage({ data: JSON.stringify(state) });

  assert.deepEqual(one.seen.states, []);
});

test("coming back online connects at once, unless connected", () => {
  const one = connection();
  one.latest().onclose();

  one.now();
  assert.equal(one.seen.sockets.length, 2);
  one.latest().onopen();
  one.say(state);
  one.now();

  assert.equal(one.seen.sockets.length, 2);
});

test("a stopped socket stays closed", () => {
  const one = connection();

  one.stop();
  one.now();
  mock.timers.tick(60_000);

  assert.equal(one.seen.sockets.length, 1);
  assert.equal(one.seen.sockets[0].closed, true);
});

/** A poll that is answered from a list. */
function polling(answers) {
  const seen = { etags: [], states: [], reach: [], gone: 0 };
  const one = startPoll({
    async read(etag) {
      seen.etags.push(etag);
      return { body: {}, etag: null, ...answers.shift() };
    },
    every: () => 30_000,
    onState: (body) => seen.states.push(body),
    onReach: (trouble) => seen.reach.push(trouble),
    onGone: () => {
      seen.gone += 1;
    },
  });
  return { ...one, seen };
}

test("a poll comes every half minute, with the last ETag, and 304 is no news", async () => {
  const one = polling([{ status: 200, etag: '"1-SCANNED"', body: state }, { status: 304 }]);

  for (let round = 0; round < 2; round++) {
    mock.timers.tick(30_000);
    await flush();
  }

  assert.deepEqual(one.seen.etags, [null, '"1-SCANNED"']);
  assert.deepEqual(one.seen.states, [state]);
});

test("a failed poll is repeated sooner and says why nothing was reached", async () => {
  const one = polling([{ status: 0 }, { status: 403 }, { status: 304 }]);

  mock.timers.tick(30_000);
  await flush();
  mock.timers.tick(1000);
  await flush();
  mock.timers.tick(2000);
  await flush();

  assert.deepEqual(one.seen.reach, ["offline", "unreachable", ""]);
});

test("a poll asked for at once takes the place of the next one", async () => {
  const one = polling([{ status: 304 }, { status: 304 }]);

  one.now();
  await flush();
  mock.timers.tick(29_999);
  await flush();

  assert.equal(one.seen.etags.length, 1);
});

for (const status of [401, 404]) {
  test(`${status} says that the session is gone`, async () => {
    const one = polling([{ status }]);

    one.now();
    await flush();

    assert.equal(one.seen.gone, 1);
  });
}

test("an answer after the stop is not taken", async () => {
  const one = polling([{ status: 200, body: state }]);

  one.now();
  one.stop();
  await flush();

  assert.deepEqual(one.seen.states, []);
});
