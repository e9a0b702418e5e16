import assert from "node:assert/strict";
import { test } from "node:test";
import { linkState, unknown } from "../../static/js/live/link.js";
import { missed } from "../../static/js/live/catch-up.js";
import { Source } from "../../static/js/live/source.js";
import { settled, World } from "./world.js";

const BEAT = (id) => `id: ${id}\nevent: heartbeat\ndata: {"id":"${id}","as_of_time":null}\n\n`;
const FRAME = (event) =>
  `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
const grade = (at) => ({ type: "grade_update", id: `e-${at}` });

/** Streams are held or cut on the way; everything else passes. */
class Proxied extends World {
  log = [];
  streams = 0;
  sinces = [];
  asked = [];
  readiness = 200;
  live = true;
  refusal = null;
  mode = "hold";
  educator = 7;

  constructor() {
    super();
    this.fetch = async (given, { signal }) => {
      const address = new URL(given, "http://school.example");
      if (address.pathname.endsWith("/stream")) return this.#stream(address, signal);
      this.asked.push(address.pathname);
      if (this.mode === "down" || this.mode === "deaf") throw new TypeError("unreachable");
      return this.#answer(address);
    };
  }

  #stream({ searchParams }, signal) {
    this.streams += 1;
    this.sinces.push(searchParams.get("since"));
    if (this.mode === "down") throw new TypeError("connection refused");
    if (this.mode === "busy") return new Response("", { status: 503 });
    if (this.mode === "hold" || this.mode === "deaf") {
      return new Promise((_, fail) => signal.addEventListener("abort", () => fail(signal.reason)));
    }
    const missed = this.log.slice(Number(this.sinces.at(-1).slice(2))).map(FRAME).join("");
    const text = this.mode === "cut" ? ": classpulse\n\n" : missed + BEAT(`e-${this.log.length}`);
    const body = new ReadableStream({
      start: (controller) => {
        const send = () => controller.enqueue(new TextEncoder().encode(text));
        if (this.mode === "late") this.setTimeout(send, 5_000);
        else send();
        if (this.mode === "cut") controller.close();
        signal.addEventListener("abort", () => controller.error(signal.reason));
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }

  #answer({ pathname, searchParams }) {
    if (pathname === "/readyz") {
      return Response.json({ live: this.live }, { status: this.readiness });
    }
    if (this.refusal) return new Response("{}", { status: this.refusal });
    if (pathname.endsWith("/me")) return Response.json({ id: this.educator });
    const at = `e-${this.log.length}`;
    if (pathname.endsWith("/overview")) return Response.json({ as_of: at });
    const before = Number((searchParams.get("before") ?? `e-${this.log.length + 1}`).slice(2));
    const limit = Number(searchParams.get("limit"));
    const start = Math.max(0, before - 1 - limit);
    const items = this.log.slice(start, before - 1).reverse();
    const next = start > 0 ? items.at(-1).id : null;
    return Response.json({ items, next, as_of: at, as_of_time: "2025-10-20T15:30:00Z" });
  }

  commit(times = 1) {
    for (let time = 0; time < times; time += 1) this.log.push(grade(this.log.length + 1));
  }

  async pass(milliseconds) {
    for (let left = milliseconds; left > 0; left -= 500) {
      await super.pass(Math.min(500, left));
      for (let round = 0; round < 8; round += 1) await settled();
    }
  }
}

async function opened(world) {
  const told = [];
  const source = new Source({
    address: "/api/v1/performance/stream",
    types: ["performance_update", "grade_update"],
    since: "e-0",
    facts: unknown(world.now),
    outside: world,
  });
  source.addEventListener("event", ({ detail }) => told.push(detail));
  source.open();
  await world.pass(500);
  const state = () => linkState(source.facts, world.now).name;
  const heard = () => told.filter(({ type }) => type === "grade_update").map(({ id }) => id);
  const kinds = () => told.map(({ type }) => type);
  return { source, told, state, heard, kinds };
}

test("a stream that is held on the way is replaced by asking every ten seconds", async () => {
  const world = new Proxied();
  const { state, heard, kinds } = await opened(world);
  assert.equal(state(), "connecting");
  world.commit(2);
  await world.pass(11_000);
  assert.equal(state(), "polling");
  assert.deepEqual(heard(), ["e-1", "e-2"]);
  assert.deepEqual(kinds(), ["ready", "grade_update", "grade_update", "performance_update", "heartbeat"]);
  world.commit();
  await world.pass(10_000);
  assert.deepEqual(heard(), ["e-1", "e-2", "e-3"]);
  await world.pass(10_000);
  assert.equal(kinds().filter((type) => type === "performance_update").length, 2);
});

test("connections that are cut at once, three times, count as none", async () => {
  const world = new Proxied();
  world.mode = "cut";
  const { source, state } = await opened(world);
  await world.pass(6_000);
  assert.equal(world.streams, 3);
  assert.equal(state(), "polling");
  await world.pass(60_000);
  assert.equal(world.streams, 3);
  assert.equal(source.facts.polling, true);
});

test("what is asked and streamed at the same time is told once", async () => {
  const world = new Proxied();
  const { state, heard } = await opened(world);
  await world.pass(120_000);
  world.mode = "late";
  world.commit(2); // the try of a stream is under way when the asking finds them
  await world.pass(16_000);
  assert.equal(world.streams, 2);
  await world.pass(10_000);
  assert.equal(state(), "live");
  assert.deepEqual(heard(), ["e-1", "e-2"]);
});

test("a server that starts and stops is not taken for a proxy that cuts", async () => {
  const world = new Proxied();
  world.mode = "cut";
  const { source } = await opened(world);
  for (let round = 0; round < 6; round += 1) {
    const before = world.streams;
    world.mode = round % 2 ? "cut" : "down";
    for (let waited = 0; waited < 60 && world.streams === before; waited += 1) {
      await world.pass(500);
    }
  }
  assert.equal(source.facts.polling, false);
  assert.deepEqual(world.asked, []);
});

test("an answer of a process that is behind the page changes nothing", async () => {
  const answer = { items: [grade(3)], next: null, as_of: "e-3", as_of_time: "…" };
  const read = async () => answer;
  const { events, asOf } = await missed({ read, address: "/events", types: [], since: "e-5" });
  assert.deepEqual(events, []);
  assert.equal(asOf, "e-5");
});

for (const mode of ["down", "busy"]) {
  test(`a server that is ${mode} is no matter of polling`, async () => {
    const world = new Proxied();
    world.mode = mode;
    const { source, state } = await opened(world);
    await world.pass(120_000);
    assert.equal(source.facts.polling, false);
    assert.equal(state(), "stale");
    assert.deepEqual(world.asked, []);
  });
}

test("a server that is asked in vain is tried by stream again", async () => {
  const world = new Proxied();
  const { source, state } = await opened(world);
  await world.pass(11_000);
  world.mode = "down";
  await world.pass(10_000);
  assert.equal(source.facts.polling, false);
  assert.equal(state(), "reconnecting");
  await world.pass(30_000);
  assert.equal(state(), "stale");
  world.mode = "open";
  await world.pass(31_000);
  assert.equal(state(), "live");
});

test("asking in vain is said at once, not when the stream has failed, too", async () => {
  const world = new Proxied();
  const { state } = await opened(world);
  await world.pass(11_000);
  world.mode = "deaf";
  await world.pass(11_000);
  assert.equal(state(), "reconnecting");
});

test("while the server has no proof the page goes stale, asked or streamed", async () => {
  const world = new Proxied();
  const { source, state, heard } = await opened(world);
  await world.pass(11_000);
  world.readiness = 503;
  world.commit();
  await world.pass(26_000);
  assert.equal(state(), "stale");
  assert.ok(source.facts.nextTry > world.now);
  world.readiness = 200;
  await world.pass(10_000);
  assert.equal(state(), "polling");
  assert.deepEqual(heard(), ["e-1"]);
});

test("a server that serves figures and is not live is no proof", async () => {
  const world = new Proxied();
  const { state, heard } = await opened(world);
  await world.pass(11_000);
  world.live = false;
  world.commit();
  await world.pass(26_000);
  assert.equal(state(), "stale");
  assert.deepEqual(heard(), []);
  world.live = true;
  await world.pass(10_000);
  assert.equal(state(), "polling");
  assert.deepEqual(heard(), ["e-1"]);
});

test("the stream is tried now and then, and nothing comes twice when it gets through", async () => {
  const world = new Proxied();
  const { state, heard } = await opened(world);
  world.commit();
  await world.pass(100_000);
  assert.equal(world.streams, 1);
  world.mode = "open";
  await world.pass(50_000);
  assert.deepEqual(world.sinces, ["e-0", "e-1"]);
  assert.equal(state(), "live");
  const asked = world.asked.length;
  await world.pass(10_000);
  assert.equal(world.asked.length, asked);
  assert.deepEqual(heard(), ["e-1"]);
});

test("more than a few pages of events make the page again", async () => {
  const world = new Proxied();
  const { source, kinds, heard } = await opened(world);
  world.commit(900);
  await world.pass(11_000);
  assert.equal(heard().length, 900);
  world.commit(1_001);
  await world.pass(10_000);
  assert.equal(heard().length, 900);
  assert.equal(kinds().filter((type) => type === "reset").length, 1);
  assert.equal(source.since, "e-1901");
});

test("an end is an end, by whatever way it is heard", async () => {
  for (const [refusal, reason] of [[401, "signed-out"], [403, "forbidden"]]) {
    const world = new Proxied();
    const { source } = await opened(world);
    await world.pass(11_000);
    world.refusal = refusal;
    await world.pass(10_000);
    assert.equal(source.facts.ended, reason);
    const asked = world.asked.length;
    await world.pass(200_000);
    assert.equal(world.asked.length, asked);
    assert.equal(world.streams, 1);
  }
});

test("answers that turn out to be somebody else's are told no further", async () => {
  const world = new Proxied();
  const { source, heard } = await opened(world);
  await world.pass(11_000);
  world.commit();
  world.educator = 8;
  source.addEventListener("event", ({ detail: { type, data } }) => {
    if (type === "ready" && data.scope.educator_id !== 7) source.end("someone-else");
  });
  await world.pass(20_000);
  assert.equal(source.facts.ended, "someone-else");
  assert.deepEqual(heard(), []);
});

test("a reader who looks makes it ask now", async () => {
  const world = new Proxied();
  const { source, heard } = await opened(world);
  await world.pass(11_000);
  world.commit();
  source.hurry();
  await world.pass(500);
  assert.deepEqual(heard(), ["e-1"]);
});
