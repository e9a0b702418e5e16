// What makes events alike, so that a list may show them as one entry. Twin of feed_grouping.py.

import { shown } from "./format.js";
import { attendanceChange, dayOf, gradeChange, named, rosterChange } from "./feed-entry.js";

const LIKENESSES = { grade_update: grade, attendance_update: attendance, roster_update: roster };

/** What can become of a row, and the words for one and for many. */
const STATES = {
  grade: [
    ["there", "grade", "grades"],
    ["removed", "grade removed", "grades removed"],
  ],
  attendance: ["present", "late", "absent", "excused", "removed"].map((word) => [word, word, word]),
  roster: [
    ["student_joined", "student joined", "students joined"],
    ["student_left", "student left", "students left"],
    ["student_moved", "student moved", "students moved"],
    ["student_updated", "student record changed", "student records changed"],
  ],
};

/**
 * What is the same of all events of a `group`, and what the newest of them says; null of an event
 * that always stands alone. Where no figures give the `text`, it counts what became of each row:
 * `row` of this one, unless it is a `isMinor` beside what became of the row before.
 */
export function groupingOf(event) {
  return LIKENESSES[event.type]?.(event) ?? null;
}

/** How many rows (a Map) came to what, in words; each row counts with the newest of it. */
export function counted(kind, rows) {
  const counts = new Map();
  for (const state of rows.values()) counts.set(state, (counts.get(state) ?? 0) + 1);
  const text = STATES[kind]
    .filter(([state]) => counts.has(state))
    .map(([state, one, many]) => {
      const count = counts.get(state);
      return `${shown(count, "whole")} ${count === 1 ? one : many}`;
    })
    .join(", ");
  return kind === "attendance" ? `${text} so far` : text;
}

function grade(event) {
  const row = event.grade_data;
  const { section_id: section, exam_id: examId, subject_id: subject } = row;
  if (section == null) return null;
  const alike = {
    group: `grades ${section} ${subject} ${examId ?? ""}`,
    title: row.subject_name ?? null,
    place: row.section_name ?? null,
    student: row,
    change: arrow(gradeChange(event)),
    row: [String(row.grade_id), event.operation === "delete" ? "removed" : "there"],
    text: null,
  };
  if (examId != null) alike.title = `${named(row.exam_name)} · ${named(row.subject_name)}`;
  const exam = event.performance_data?.exam;
  if (exam) {
    alike.group = `exam ${section} ${examId}`;
    alike.text =
      `${shown(exam.graded, "whole")} of ${shown(exam.students, "whole")} graded, ` +
      `average ${shown(exam.average, "percent")}`;
  }
  return alike;
}

function attendance(event) {
  const row = event.attendance_data;
  if (row.section_id == null) return null;
  return {
    group: `attendance ${row.section_id} ${row.date} ${row.period || 0}`,
    title: `${named(row.section_name)} · ${dayOf(row)}`,
    place: "attendance",
    student: row,
    change: arrow(attendanceChange(event)),
    row: [String(row.attendance_id), event.operation === "delete" ? "removed" : row.status],
    text: null,
  };
}

function roster(event) {
  const row = event.roster_data;
  if (row.section_id == null) return null;
  return {
    group: `roster ${row.section_id}`,
    title: row.section_name ?? null,
    place: "students",
    student: row,
    change: rosterChange(event),
    row: [String(row.student_id), event.event],
    text: null,
    isMinor: event.event === "student_updated",
  };
}

function arrow({ before, now }) {
  return before === null ? now : `${before} → ${now}`;
}
