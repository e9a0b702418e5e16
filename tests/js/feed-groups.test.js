import assert from "node:assert/strict";
import { test } from "node:test";
import { FeedGroups } from "../../static/js/feed-groups.js";

const AT = Date.parse("2025-10-20T08:00:00Z");

/** The `position`th event of a log: a register row, a second after the one before. */
function row(position, { id = position, section = 1, status = "present" } = {}) {
  return {
    type: "attendance_update",
    event: "attendance_updated",
    operation: "insert",
    id: `5f3a-${position}`,
    position,
    timestamp: new Date(AT + position * 1000).toISOString(),
    attendance_data: {
      attendance_id: id,
      student_id: id,
      student_name: `Student ${id}`,
      section_id: section,
      section_name: `Class ${section}`,
      date: "2025-10-20",
      period: 0,
      status,
    },
  };
}

function grade(position, graded) {
  return {
    type: "grade_update",
    event: "grade_updated",
    operation: "insert",
    id: `5f3a-${position}`,
    position,
    timestamp: new Date(AT + position * 1000).toISOString(),
    grade_data: {
      grade_id: position,
      student_id: position,
      student_name: "Ann",
      section_id: 1,
      subject_id: 1,
      exam_id: 3,
      exam_name: "Mid-term",
      subject_name: "Mathematics",
      status: "graded",
      score: 1,
      total_marks: 1,
    },
    performance_data: { exam: { students: 3000, graded, average: 71 } },
  };
}

test("after ten thousand events the list holds no more than its bound", () => {
  const scattered = new FeedGroups();
  for (let position = 1; position <= 10_000; position++) {
    scattered.add(row(position, { section: position % 97 }));
  }
  assert.equal(scattered.records.length, 30);
  assert.ok(JSON.stringify(scattered).length < 100_000);
  const crowded = new FeedGroups();
  for (let position = 1; position <= 10_000; position++) crowded.add(row(position));
  const { runs } = crowded.toJSON();
  assert.equal(runs.length, 20);
  for (const run of runs) assert.ok(Object.keys(run.rows).length <= 500);
  const exam = new FeedGroups();
  for (let position = 1; position <= 3_000; position++) exam.add(grade(position, position));
  assert.equal(exam.records.length, 1);
  assert.equal(exam.records[0].text, "3,000 of 3,000 graded, average 71.00%");
  assert.ok(JSON.stringify(exam).length < 1_000);
});

test("a row that is counted already needs no room", () => {
  const runs = new FeedGroups();
  for (let id = 1; id <= 500; id++) runs.add(row(id));
  runs.add(row(501, { id: 7, status: "absent" }));
  assert.deepEqual(
    runs.records.map(({ text }) => text),
    ["499 present, 1 absent so far"],
  );
  runs.add(row(502));
  assert.deepEqual(
    runs.records.map(({ count }) => count),
    [1, 501],
  );
});

test("an entry goes on from what the page was made with, under the same key", () => {
  const before = new FeedGroups();
  [1, 2, 3].forEach((position) => before.add(row(position)));
  const told = JSON.parse(JSON.stringify(before));
  told.runs.forEach((run) => delete run.record);
  const page = new FeedGroups(told);
  assert.deepEqual(page.records, [{ key: "5f3a-1" }]);
  assert.equal(page.add(row(3)), false);
  assert.equal(page.add(row(4, { id: 2, status: "late" })), true);
  const [record] = page.records;
  assert.equal(record.key, "5f3a-1");
  assert.equal(record.count, 4);
  assert.equal(record.text, "2 present, 1 late so far");
});
