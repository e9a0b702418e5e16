import assert from "node:assert/strict";
import { test } from "node:test";
import { Stream } from "../../static/js/live/stream.js";
import { settled, World } from "./world.js";

const HEARTBEAT = 'id: e-9\nevent: heartbeat\ndata: {"as_of_time":"2025-10-20T15:30:00Z"}\n\n';

async function opened(world) {
  const told = [];
  const stream = new Stream({
    address: "/stream",
    types: ["performance_update", "grade_update"],
    since: "e-1",
    outside: world,
  });
  stream.addEventListener("event", ({ detail }) => told.push(detail));
  stream.open();
  await settled();
  return { stream, told };
}

test("it starts from what the page shows and asks for what the page uses", async () => {
  const world = new World();
  world.willStream();
  await opened(world);
  const [{ searchParams }] = world.requests;
  assert.equal(searchParams.get("since"), "e-1");
  assert.deepEqual(searchParams.getAll("types"), ["performance_update", "grade_update"]);
});

test("after a break it goes on from the last id seen", async () => {
  const world = new World();
  const first = world.willStream();
  const { stream, told } = await opened(world);
  first.send('retry: 700\n\nid: e-5\nevent: grade_update\ndata: {"id":"e-5"}\n\n');
  await settled();
  assert.deepEqual(told, [{ type: "grade_update", data: { id: "e-5" }, id: "e-5" }]);
  first.end();
  await settled();
  assert.equal(stream.facts.lostAt, world.now);
  assert.equal(stream.facts.nextTry, world.now + 700);
  world.willStream();
  await world.pass(700);
  assert.equal(world.requests[1].searchParams.get("since"), "e-5");
  assert.equal(stream.facts.nextTry, null);
});

test("a new connection is not live before its first heartbeat", async () => {
  const world = new World();
  const { stream } = await opened(world); // refused
  assert.equal(stream.facts.lostAt, world.now);
  const second = world.willStream();
  await world.pass(1_000);
  second.send("event: ready\ndata: {}\n\n");
  await settled();
  assert.notEqual(stream.facts.lostAt, null);
  second.send(HEARTBEAT);
  await settled();
  assert.equal(stream.facts.lostAt, null);
  assert.equal(stream.facts.provenAt, world.now);
});

for (const [status, reason] of [[401, "signed-out"], [403, "forbidden"], [404, "forbidden"]]) {
  test(`${status} is final`, async () => {
    const world = new World();
    world.willAnswer(status);
    const { stream } = await opened(world);
    assert.equal(stream.facts.ended, reason);
    await world.pass(3_600_000);
    assert.equal(world.requests.length, 1);
  });
}

test("429 and 5xx are tried again, when the server says", async () => {
  const world = new World();
  world.willAnswer(429, { "retry-after": "7" });
  const { stream } = await opened(world);
  assert.equal(stream.facts.nextTry, world.now + 7_000);
  world.willAnswer(503);
  await world.pass(7_000);
  assert.equal(world.requests.length, 2);
  assert.equal(stream.facts.ended, null);
});

test("tries come less and less often, but at least twice a minute", async () => {
  const world = new World();
  const { stream } = await opened(world);
  const waits = [];
  for (let round = 0; round < 8; round += 1) {
    waits.push(stream.facts.nextTry - world.now);
    await world.pass(stream.facts.nextTry - world.now);
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 30, 30, 30].map((seconds) => seconds * 1_000));
});

test("a page of somebody else's answer is not taken for a stream", async () => {
  const world = new World();
  world.willAnswer(200, { "content-type": "text/html" });
  const { stream } = await opened(world);
  assert.notEqual(stream.facts.nextTry, null);
});

test("nothing is told after an end, not even what came in one piece with its reason", async () => {
  const world = new World();
  const first = world.willStream();
  const { stream, told } = await opened(world);
  stream.addEventListener("event", () => stream.end("someone-else"));
  first.send('event: ready\ndata: {}\n\nid: e-2\nevent: grade_update\ndata: {"id":"e-2"}\n\n');
  await settled();
  assert.deepEqual(told.map(({ type }) => type), ["ready"]);
});

test("a silent socket is given up", async () => {
  const world = new World();
  const first = world.willStream();
  const { stream } = await opened(world);
  first.send(": here\n\n");
  await settled();
  await world.pass(44_000);
  assert.equal(stream.facts.lostAt, null);
  await world.pass(1_000);
  assert.notEqual(stream.facts.nextTry, null);
  assert.equal(first.signal.aborted, true);
});

test("an id that the server can't read is dropped and the page told", async () => {
  const world = new World();
  world.willAnswer(400);
  const { told } = await opened(world);
  assert.equal(told[0].type, "reset");
  world.willStream();
  await world.pass(1_000);
  assert.equal(world.requests[1].searchParams.has("since"), false);
});

test("coming back online tries at once", async () => {
  const world = new World();
  const { stream } = await opened(world);
  world.willStream();
  stream.hurry();
  await settled();
  assert.equal(world.requests.length, 2);
  stream.hurry();
  assert.equal(world.requests.length, 2);
});
