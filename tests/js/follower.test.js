import assert from "node:assert/strict";
import { test } from "node:test";
import { Follower } from "../../static/js/live/follower.js";
import { unknown } from "../../static/js/live/link.js";
import { World } from "./world.js";

/** A follower, what it posted and heard; `says` is its leader's word. */
function followed({ since = "e-1" } = {}) {
  const world = new World();
  world.document = { visibilityState: "visible" };
  const made = { world, posted: [], heard: [], stuck: 0, facts: null };
  made.follower = new Follower({
    channel: { post: (message) => made.posted.push(message.kind) },
    term: 0,
    since: () => since,
    outside: world,
    onEvent: ({ id }) => made.heard.push(id),
    onFacts: (facts) => (made.facts = facts),
    onStuck: () => (made.stuck += 1),
  });
  made.says = (kind, given = {}) => made.follower.receive({ kind, term: 9, said: 0, ...given });
  made.event = (said, given = {}) => made.says("event", { said, event: { id: `e-${said}` }, ...given });
  made.welcome = (given = {}) => {
    const facts = unknown(world.now);
    made.says("welcome", { said: 4, facts, at: "e-4", events: [], figures: null, ...given });
  };
  made.follower.join();
  return made;
}

test("what is said before the welcome is in it, what is said after is not", () => {
  const { event, welcome, heard } = followed();
  event(4);
  event(5);
  event(6);
  welcome({ said: 5, events: [{ id: "e-4" }, { id: "e-5" }] });
  event(7);
  assert.deepEqual(heard, ["e-4", "e-5", "e-6", "e-7"]);
});

test("a word that went astray makes it ask for the rest", () => {
  const { event, welcome, heard, posted } = followed();
  welcome();
  event(5);
  event(5); // said again
  event(7);
  assert.deepEqual(heard, ["e-5"]);
  assert.deepEqual(posted, ["join", "join"]);
  welcome({ said: 7, events: [{ id: "e-6" }, { id: "e-7" }] });
  assert.deepEqual(heard, ["e-5", "e-6", "e-7"]);
});

test("what the leader has said is told even when nothing of it came", () => {
  const { welcome, says, posted } = followed();
  welcome();
  const before = posted.length;
  says("here", { said: 6 });
  assert.deepEqual(posted.slice(before), ["join"]);
});

test("a leader of before is heard no more", () => {
  const { event, welcome, heard } = followed();
  welcome();
  event(5, { term: 8 });
  assert.deepEqual(heard, []);
  event(5);
  assert.deepEqual(heard, ["e-5"]);
});

test("no answer within two seconds, and the leader is stuck; its own sleep is no proof", async () => {
  const made = followed();
  made.welcome();
  made.follower.hurry();
  await made.world.pass(1_900);
  assert.equal(made.stuck, 0);
  made.world.now += 60_000; // the machine slept
  await made.world.pass(500);
  assert.equal(made.stuck, 0);
  assert.equal(made.posted.at(-1), "ask");
  await made.world.pass(1_000);
  await made.world.pass(1_000);
  assert.equal(made.stuck, 1);
});

test("a try that is overdue is reminded of", async () => {
  const made = followed();
  made.welcome();
  made.says("facts", { said: 4, facts: { ...unknown(0), nextTry: made.world.now + 3_000 } });
  const before = made.posted.length;
  await made.world.pass(4_900);
  assert.equal(made.posted.length, before);
  await made.world.pass(600);
  assert.equal(made.posted.at(-1), "ask");
});
