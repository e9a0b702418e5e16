import assert from "node:assert/strict";
import { test } from "node:test";
import { Leadership } from "../../static/js/live/leadership.js";

test("a lead that was taken before it was known is sought again, and led only when held", async () => {
  const told = [];
  let asked = 0;
  const locks = {
    request: (name, how, call) => {
      asked += 1;
      return asked === 1 ? Promise.reject(new DOMException("stolen", "AbortError")) : call();
    },
  };
  const leadership = new Leadership({
    locks,
    name: "a",
    onLead: () => told.push("lead"),
    onTakenOver: () => told.push("robbed"),
    onAlone: () => told.push("alone"),
  });
  leadership.seek();
  await new Promise(setImmediate);
  assert.equal(asked, 2);
  assert.deepEqual(told, ["lead"]);
});
