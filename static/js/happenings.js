// Events in words, for the list of the newest. The server's happenings.py is the twin.

import { shown } from "./format.js";

const WORDS = {
  grade_update: grade,
  attendance_update: attendance,
  exam_created: exam,
  exam_updated: exam,
  exam_deleted: exam,
  roster_update: roster,
  bulk_update: bulk,
};

export const HAPPENING_TYPES = Object.keys(WORDS);

/** What the list shows of an event, or null for a type that it leaves out. */
export function happening(event) {
  const describe = WORDS[event.type];
  return describe ? { id: event.id, at: event.timestamp, ...describe(event) } : null;
}

function grade(event) {
  const row = event.grade_data;
  const work = `in ${named(row.subject_name)}${row.exam_name ? ` · ${named(row.exam_name)}` : ""}`;
  let now = result(row);
  let before = previousResult(row);
  if (event.operation === "delete") {
    before ??= now;
    now = "grade removed";
  }
  return words("grade", row.student_name, `${now} ${work}${was(before, now)}`, row.section_name);
}

function result(row) {
  if (row.status !== "graded") return shown(row.status, "text");
  const text = `${shown(row.score, "marks")} of ${shown(row.total_marks, "marks")}`;
  return row.letter ? `${text} (${row.letter})` : text;
}

function previousResult(row) {
  if (row.previous_status && row.previous_status !== "graded") return row.previous_status;
  if (row.previous_score == null || row.previous_score === row.score) return null;
  return shown(row.previous_score, "marks");
}

function attendance(event) {
  const row = event.attendance_data;
  let now = shown(row.status, "text");
  let before = row.previous_status ?? null;
  if (event.operation === "delete") {
    before ??= row.status;
    now = "attendance removed";
  }
  const period = row.period ? `, period ${shown(row.period, "whole")}` : "";
  const text = `${now} on ${shown(row.date, "day")}${period}${was(before, now)}`;
  return words("attendance", row.student_name, text, row.section_name);
}

function exam(event) {
  const row = event.exam_data;
  const done =
    { exam_created: "new exam", exam_updated: "exam changed" }[event.type] ?? "exam removed";
  const day = row.exam_date ? `, ${shown(row.exam_date, "day")}` : "";
  const text = `${done} in ${named(row.subject_name)}${day}, out of ${shown(row.total_marks, "marks")}`;
  return words("exam", row.exam_name, text, row.section_name);
}

function roster(event) {
  const row = event.roster_data;
  const done =
    { student_joined: "joined", student_left: "left" }[event.event] ?? "student record changed";
  return words("roster", row.student_name, done, row.section_name);
}

function bulk(event) {
  const row = event.bulk_data;
  const text =
    row.rows == null ? "all rows removed" : `${shown(row.rows, "whole")} rows changed at once`;
  return words("bulk", row.section_name, text, row.table);
}

function words(kind, title, text, place) {
  return { kind, title, text, place };
}

function was(before, now) {
  return before === null || before === now ? "" : `, before: ${before}`;
}

// A name inside a sentence, isolated so that its direction does not turn the rest around.
function named(name) {
  return `\u2068${shown(name, "text")}\u2069`;
}
