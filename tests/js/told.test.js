import assert from "node:assert/strict";
import { test } from "node:test";
import { isTold, subjectOf } from "../../static/js/told.js";

const figures = { student: { id: 4 }, student_subject: { student_id: 4 } };
const grade = (row = {}, more = {}) => ({
  type: "grade_update",
  operation: "update",
  grade_data: { student_id: 4, exam_id: 3, subject_id: 1, previous_score: 70, ...row },
  performance_data: figures,
  ...more,
});

test("a score is told by its event", () => {
  assert.equal(isTold(grade()), true);
  assert.equal(isTold(grade({}, { operation: "insert" })), true);
});

test("what brings or takes rows is not", () => {
  assert.equal(isTold(grade({}, { operation: "delete" })), false);
  assert.equal(isTold(grade({ exam_id: null })), false);
  assert.equal(isTold(grade({ previous_student_id: 5 })), false);
  assert.equal(isTold(grade({}, { also: [grade()] })), false);
  assert.equal(isTold(grade({}, { performance_data: { student: { id: 4 } } })), false);
  for (const type of ["roster_update", "bulk_update", "exam_created", "exam_updated", "exam_deleted"]) {
    assert.equal(isTold({ type }), false);
  }
});

test("attendance is told where the standing of each section comes with it", () => {
  const row = { type: "attendance_update", performance_data: { student: { id: 4 } } };
  assert.equal(isTold(row), true);
  assert.equal(isTold({ ...row, also: [row] }), true);
  assert.equal(isTold({ ...row, also: [{ ...row, performance_data: null }] }), false);
  assert.equal(isTold({ ...row, performance_data: undefined }), false);
});

test("an event that may concern each subject has none", () => {
  assert.equal(subjectOf(grade()), 1);
  assert.equal(subjectOf({ type: "exam_created", exam_data: { subject_id: 2 } }), 2);
  assert.equal(subjectOf(grade({ previous_subject_id: 2 })), null);
  assert.equal(subjectOf({ type: "roster_update" }), null);
});
