import assert from "node:assert/strict";
import { test } from "node:test";
import { EventParser } from "../../static/js/live/sse.js";

const TEXT =
  ": hello\nretry: 1500\n\nid: a-1\nevent: ready\ndata: {}\n\n" +
  "id: a-2\r\nevent: grade_update\r\ndata: one\r\ndata: two\r\n\r\n" +
  ": still here\n\ndata:no space\n\nevent: empty\n\n";
const EVENTS = [
  { type: "ready", data: "{}", id: "a-1" },
  { type: "grade_update", data: "one\ntwo", id: "a-2" },
  { type: "message", data: "no space", id: "a-2" },
];

function parsed(pieces) {
  const events = [];
  const retries = [];
  const parser = new EventParser({
    onEvent: (event) => events.push(event),
    onRetry: (milliseconds) => retries.push(milliseconds),
  });
  pieces.forEach((piece) => parser.feed(piece));
  return { events, retries };
}

test("events are read whole", () => {
  assert.deepEqual(parsed([TEXT]), { events: EVENTS, retries: [1500] });
});

test("it does not matter where the network cuts the text", () => {
  for (let cut = 1; cut < TEXT.length; cut += 1) {
    const { events } = parsed([TEXT.slice(0, cut), TEXT.slice(cut)]);
    assert.deepEqual(events, EVENTS, `cut at ${cut}`);
  }
  assert.deepEqual(parsed([...TEXT]).events, EVENTS);
});

test("an event that was cut off by the end is not told", () => {
  assert.deepEqual(parsed(["id: a-1\ndata: half"]).events, []);
});
