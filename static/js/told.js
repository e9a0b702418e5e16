// Whether an event tells all that a table of standings shows of it, or the table must be fetched.

/**
 * Only of a table whose order and rows do not hang on figures. A first grade of a subject, a last
 * one, or a row that moved can bring rows and choices that no record is for.
 */
export function isTold(event) {
  if (event.also?.length) return event.type === "attendance_update" && [event, ...event.also].every(hasStanding);
  if (event.type === "attendance_update") return hasStanding(event);
  if (event.type !== "grade_update" || event.operation === "delete") return false;
  const { exam_id: exam, ...row } = event.grade_data;
  const hasMoved = Object.keys(row).some((key) => /^previous_.*_id$/.test(key));
  return exam != null && !hasMoved && hasStanding(event) && Boolean(event.performance_data.student_subject);
}

function hasStanding({ performance_data: figures }) {
  return Boolean(figures?.student);
}

/** The id of the subject that an event is about; null of one that may concern each. */
export function subjectOf(event) {
  if ("previous_subject_id" in (event.grade_data ?? event.exam_data ?? {})) return null;
  return event.grade_data?.subject_id ?? event.exam_data?.subject_id ?? null;
}
