import assert from "node:assert/strict";
import { test } from "node:test";
import { linkState, unknown } from "../../static/js/live/link.js";

const T = 1_000_000;
const facts = (given = {}) => ({ ...unknown(T), ...given });

test("only a heartbeat makes it live", () => {
  assert.equal(linkState(facts(), T + 5_000).name, "connecting");
  assert.equal(linkState(facts({ provenAt: T + 6_000 }), T + 7_000).name, "live");
});

test("25 seconds without a heartbeat are stale, connected or not", () => {
  const proven = { provenAt: T };
  assert.equal(linkState(facts(proven), T + 24_999).name, "live");
  assert.equal(linkState(facts(proven), T + 25_000).name, "stale");
  assert.equal(linkState(facts({ ...proven, lostAt: T + 3_000 }), T + 25_000).name, "stale");
  assert.equal(linkState(facts(), T + 25_000).name, "stale");
});

test("a lost connection says since when and when the next try is", () => {
  const state = linkState(facts({ provenAt: T, lostAt: T + 2_000, nextTry: T + 9_000 }), T + 4_000);
  assert.deepEqual(state, { name: "reconnecting", since: T + 2_000, nextTry: T + 9_000 });
});

test("asking again and again is said, and goes stale like a stream", () => {
  const polling = { provenAt: T, polling: true };
  assert.equal(linkState(facts(polling), T + 10_000).name, "polling");
  assert.equal(linkState(facts({ ...polling, lostAt: T + 1 }), T + 10_000).name, "reconnecting");
  assert.equal(linkState(facts(polling), T + 25_000).name, "stale");
  assert.equal(linkState(facts({ ...polling, provenAt: null }), T + 1).name, "connecting");
});

test("an end is an end", () => {
  const state = linkState(facts({ provenAt: T, ended: "signed-out" }), T + 1);
  assert.deepEqual(state, { name: "ended", reason: "signed-out" });
});
