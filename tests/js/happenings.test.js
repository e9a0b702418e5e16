import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { happening } from "../../static/js/happenings.js";

const cases = JSON.parse(readFileSync(new URL("happenings.json", import.meta.url)));

for (const { promise, event, shown } of cases) {
  test(promise, () => assert.deepEqual(happening(event), shown));
}
