import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decode } from "../../static/js/decode.js";
import { happening } from "../../static/js/happenings.js";
import { Runs } from "../../static/js/runs.js";

const cases = decode(readFileSync(new URL("happenings.json", import.meta.url), "utf8"));

for (const { promise, event, events, shown, entries } of cases) {
  test(promise, () => {
    if (event) assert.deepEqual(happening(event), shown);
    else assert.deepEqual(Runs.of(events).records, entries);
  });
}
