import assert from "node:assert/strict";
import { test } from "node:test";
import { Place } from "../../static/js/live/cursor.js";
import { compare } from "../../static/js/live/position.js";
import { Replay } from "../../static/js/live/replay.js";

const grade = (position, data = {}) => ({
  type: "grade_update",
  data: { id: `e-${position}`, ...data },
  id: `e-${position}`,
});
const figures = (position) => ({
  type: "performance_update",
  data: { as_of: `e-${position}` },
  id: "e-1",
});

test("ids of one epoch compare by number, those of two epochs not at all", () => {
  assert.ok(compare("e-9", "e-10") < 0);
  assert.equal(compare("e-10", "e-10"), 0);
  assert.ok(compare("e-9007199254740993", "e-9007199254740992") > 0);
  for (const other of ["f-10", null, undefined, "", "0", "e.-10", "e-1x", "e-"]) {
    assert.ok(Number.isNaN(compare("e-9", other)));
  }
});

test("an event is news once", () => {
  const place = new Place("e-5");
  assert.deepEqual([4, 5, 6, 6, 7].map((at) => place.take(grade(at))), [
    false, false, true, false, true,
  ]);
  assert.equal(place.since, "e-7");
});

test("a heartbeat may repeat its id, but one from before the page is none for it", () => {
  const place = new Place("e-5");
  const beat = (at) => ({ type: "heartbeat", data: {}, id: `e-${at}` });
  assert.deepEqual([4, 5, 5, 8].map((at) => place.take(beat(at))), [false, true, true, true]);
  assert.equal(place.take(grade(8)), false);
});

test("older figures than those shown are not shown", () => {
  const place = new Place("e-5");
  assert.equal(place.take(figures(4)), false);
  assert.equal(place.take(grade(9)), true);
  // the heartbeats and events of others move the place on, not the figures
  assert.equal(place.take(figures(6)), true);
  assert.equal(place.take(figures(5)), false);
  assert.equal(place.since, "e-9");
});

test("a reset starts again from its id, back or forth", () => {
  const place = new Place("e-5");
  assert.equal(place.take({ type: "reset", data: {}, id: "f-2" }), true);
  assert.equal(place.take({ ...grade(3), id: "f-3" }), true);
  assert.equal(place.take({ type: "performance_update", data: { as_of: "f-3" }, id: null }), true);
  assert.equal(place.since, "f-3");
});

test("the word that the session ends has no place of its own", () => {
  const place = new Place("e-5");
  assert.equal(place.take({ type: "token_expiring", data: {}, id: "e-5" }), true);
});

test("a replay gives what came after an id, and says when it can't", () => {
  const replay = new Replay({ most: 3 });
  replay.restart("e-1");
  [2, 3, 4].forEach((at) => replay.add(grade(at)));
  const after = (since) => replay.after(since)?.map(({ id }) => id) ?? null;
  assert.deepEqual(after("e-1"), ["e-2", "e-3", "e-4"]);
  assert.deepEqual(after("e-3"), ["e-4"]);
  assert.deepEqual(after("e-9"), []);
  assert.equal(after("e-0"), null);
  assert.equal(after("f-3"), null);
  replay.add(grade(6));
  assert.equal(after("e-1"), null);
  assert.deepEqual(after("e-2"), ["e-3", "e-4", "e-6"]);
  replay.restart("f-0");
  assert.equal(after("e-6"), null);
  assert.deepEqual(after("f-0"), []);
});

test("large events count by their size", () => {
  const replay = new Replay({ mostText: 1_000 });
  replay.restart("e-1");
  [2, 3, 4].forEach((at) => replay.add(grade(at, { name: "X".repeat(400) })));
  assert.equal(replay.after("e-1"), null);
  assert.equal(replay.after("e-2").length, 2);
  replay.add(grade(5, { name: "X".repeat(5_000) }));
  assert.deepEqual(replay.after("e-5"), []);
  assert.equal(replay.after("e-4"), null);
});
