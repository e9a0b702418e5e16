// Events in words, for the list of the newest. The server's feed_entry.py is the twin.

import { shown } from "./format.js";

const WORDS = {
  grade_update: grade,
  attendance_update: attendance,
  exam_created: exam,
  exam_updated: exam,
  exam_deleted: exam,
  roster_update: roster,
  bulk_update: bulk,
  figures_changed: grading,
};

const RULES = { weight: "weight", drop_lowest: "drops", drop_highest: "drops" };

export const FEED_TYPES = Object.keys(WORDS);

/**
 * What the list shows of one event, with `student_id` where its title names a student; null for a
 * event that the list leaves out.
 */
export function feedEntry(event) {
  const entry = WORDS[event.type]?.(event) ?? null;
  return entry && { id: event.id, at: event.timestamp, ...entry };
}

/** What a grade was before, if it was anything else (else null), and what it is now. */
export function gradeChange(event) {
  const row = event.grade_data;
  const now = result(row);
  const before = previousResult(row);
  return event.operation === "delete"
    ? changed(before ?? now, "grade removed")
    : changed(before, now);
}

/** What an attendance row said before, if it said anything else (else null), and what it says now. */
export function attendanceChange(event) {
  const row = event.attendance_data;
  const before = row.previous_status ?? null;
  return event.operation === "delete"
    ? changed(before ?? row.status ?? null, "attendance removed")
    : changed(before, shown(row.status, "text"));
}

/** What became of a student in a section. */
export function rosterChange(event) {
  const done = { student_joined: "joined", student_left: "left", student_moved: "moved here" };
  return done[event.event] ?? "student record changed";
}

/** The day of an attendance row, and its period other than the whole day. */
export function dayOf(row) {
  const period = row.period ? `, period ${shown(row.period, "whole")}` : "";
  return `${shown(row.date, "day")}${period}`;
}

/** A name inside a sentence, isolated so that its direction does not turn the rest around. */
export function named(name) {
  return `\u2068${shown(name, "text")}\u2069`;
}

function grade(event) {
  const row = event.grade_data;
  const work = `in ${named(row.subject_name)}${row.exam_name ? ` · ${named(row.exam_name)}` : ""}`;
  const { before, now } = gradeChange(event);
  return ofStudent("grade", row, `${now} ${work}${was(before)}`);
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
  const { before, now } = attendanceChange(event);
  return ofStudent("attendance", row, `${now} on ${dayOf(row)}${was(before)}`);
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
  // in no section (any more): nothing to lead to
  const student = row.section_id == null ? { ...row, student_id: null } : row;
  return ofStudent("roster", student, rosterChange(event));
}

function bulk(event) {
  const row = event.bulk_data;
  const text =
    row.rows == null ? "all rows removed" : `${shown(row.rows, "whole")} rows changed at once`;
  return words("bulk", row.section_name, text, row.table);
}

function grading(event) {
  const rule = event.grading_data;
  // it says what to fetch again, and nothing to people
  if (!rule) return null;
  // it has another name, or place in a list
  if (rule.category_name && !rule.changed.length) return null;
  const changed = [...new Set(rule.changed.map((column) => RULES[column]))].sort();
  const moved = rule.letters_changed;
  const letters = moved === 1 ? "1 letter" : `${moved ? shown(moved, "whole") : "no"} letters`;
  const text = `${changed.join(" and ") || "grading"} changed in ${named(rule.subject_name)}: ${letters} moved`;
  return words("grading", rule.category_name ?? "Grading", text, rule.section_name);
}

function ofStudent(kind, row, text) {
  return { ...words(kind, row.student_name, text, row.section_name), student_id: row.student_id ?? null };
}

function words(kind, title, text, place) {
  return { kind, title: title ?? null, text, place: place ?? null, student_id: null };
}

function changed(before, now) {
  return { before: before === now ? null : before, now };
}

function was(before) {
  return before === null ? "" : `, before: ${before}`;
}
