import assert from "node:assert/strict";
import { test } from "node:test";
import { merged, wholeOf } from "../../static/js/update.js";

const section = (id, average) => ({ section_id: id, average_score: average });
const whole = {
  type: "performance_update",
  whole: true,
  as_of: "e-1",
  totals: { standings: 5 },
  grade_distribution: { A: 1 },
  top_performers: [{ id: 1 }],
  low_performers: [],
  sections: [section(1, 50), section(2, 60)],
  subjects: [],
};

test("a whole one and what changed are together what a whole one would be now", () => {
  const change = { as_of: "e-2", totals: { standings: 6 }, sections: [section(2, 61)], subjects: [] };
  const now = merged(whole, { ...change, grade_distribution: { A: 2 } });
  assert.equal(now.as_of, "e-2");
  assert.equal(now.whole, true);
  assert.deepEqual(now.totals, { standings: 6 });
  assert.deepEqual(now.grade_distribution, { A: 2 });
  assert.deepEqual(now.top_performers, [{ id: 1 }]);
  assert.deepEqual(now.sections, [section(1, 50), section(2, 61)]);
});

test("what is to be fetched stays so until a whole one comes", () => {
  const change = { as_of: "e-2", totals: {}, sections: [], subjects: [] };
  const now = merged(merged(whole, { ...change, refetch: true }), change);
  assert.equal(now.refetch, true);
  assert.equal(merged(now, whole).refetch, undefined);
});

test("what is kept for who comes later is bounded", () => {
  let now = whole;
  for (let id = 0; id < 3_000; id += 1) {
    now = merged(now, { as_of: "e-2", totals: {}, sections: [section(id, 1)], subjects: [] });
  }
  assert.ok(now.sections.length <= 500);
  assert.equal(now.sections.at(-1).section_id, 2_999);
});

test("the API's overview is an update that holds all of it", () => {
  const update = wholeOf({
    as_of: "e-1",
    as_of_time: "2025-10-20T15:30:00Z",
    standings: 5,
    attendance_stats: { percentage: 90 },
    grade_distribution: {},
    top_performers: [],
    low_performers: [],
    sections_summary: [section(1, 50)],
    subjects_summary: [],
    sections_performance_chart: [{ id: 1 }],
    subject_performance_chart: [],
  });
  assert.deepEqual(update.totals, { standings: 5, attendance_stats: { percentage: 90 } });
  assert.deepEqual(update.sections, [section(1, 50)]);
  assert.equal(update.whole, true);
});
