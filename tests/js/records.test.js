import assert from "node:assert/strict";
import { test } from "node:test";
import { recordsOf, sectionsOf, studentsOf } from "../../static/js/records.js";

test("an event is about the student of its row, of whatever kind", () => {
  assert.deepEqual(studentsOf({ type: "grade_update", grade_data: { student_id: 4 } }), [4]);
  assert.deepEqual(studentsOf({ type: "attendance_update", attendance_data: { student_id: 4 } }), [4]);
  assert.deepEqual(
    studentsOf({ type: "roster_update", student_id: 4, roster_data: { student_id: 4 } }),
    [4],
  );
});

test("a grade that moved from one student to another is about both", () => {
  const moved = { type: "grade_update", grade_data: { student_id: 4, previous_student_id: 9 } };
  assert.deepEqual(studentsOf(moved), [4, 9]);
});

test("what is told of a second section counts, too", () => {
  const event = {
    type: "attendance_update",
    attendance_data: { student_id: 4, section_id: 1 },
    also: [{ attendance_data: { student_id: 4, section_id: 2 } }],
  };
  assert.deepEqual(studentsOf(event), [4]);
  assert.deepEqual(sectionsOf(event), [1, 2]);
});

test("a bulk change is about its section and nobody by name", () => {
  const bulk = { type: "bulk_update", section_id: 3, bulk_data: { section_id: 3, rows: 900 } };
  assert.deepEqual(studentsOf(bulk), []);
  assert.deepEqual(sectionsOf(bulk), [3]);
  assert.deepEqual(studentsOf({ as_of_time: "2025-10-20T15:30:00Z" }), []);
});

test("what a grade left is told beside what it came to", () => {
  const moved = {
    type: "grade_update",
    performance_data: {
      subject: { section_id: 1, subject_id: 2 },
      previous: { subject: { section_id: 1, subject_id: 3 }, student: { id: 9, section_id: 1 } },
    },
  };
  assert.deepEqual(
    recordsOf(moved).map(([name]) => name),
    ["subject:1-2", "subject:1-3", "standing:9-1"],
  );
});
