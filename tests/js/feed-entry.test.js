import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decode } from "../../static/js/decode.js";
import { feedEntry } from "../../static/js/feed-entry.js";
import { FeedGroups } from "../../static/js/feed-groups.js";

const cases = decode(readFileSync(new URL("feed.json", import.meta.url), "utf8"));

for (const { promise, event, events, shown, entries } of cases) {
  test(promise, () => {
    if (event) assert.deepEqual(feedEntry(event), shown);
    else assert.deepEqual(FeedGroups.of(events).records, entries);
  });
}
