// The overview as the stream tells it: a whole one at first, then what changed of it.

const LISTS = ["grade_distribution", "top_performers", "low_performers"];
/** So many rows of each kind are kept together: those that changed last. */
const MOST = 500;
const ROWS = { sections: "section_id", subjects: "subject_id" };

/** An overview of the API as an update that holds all of it. */
export function wholeOf(overview) {
  const {
    as_of,
    as_of_time,
    set_aside,
    truncated,
    grade_distribution,
    top_performers,
    low_performers,
    sections_summary: sections,
    subjects_summary: subjects,
    sections_performance_chart,
    subject_performance_chart,
    ...totals
  } = overview;
  const whole = { as_of, as_of_time, set_aside, truncated, grade_distribution, top_performers };
  return { type: "performance_update", ...whole, low_performers, totals, sections, subjects, whole: true };
}

/** What two updates tell together; with no whole one among them it is a part still. */
export function merged(before, update) {
  if (!before || update.whole) return update;
  const together = { ...before, ...update, whole: before.whole, truncated: before.truncated };
  together.refetch = before.refetch || update.refetch;
  for (const name of LISTS) together[name] = update[name] ?? before[name];
  for (const [name, key] of Object.entries(ROWS)) {
    const rows = new Map(before[name].map((row) => [row[key], row]));
    for (const row of update[name]) {
      // in its place, unless there are too many to keep
      if (rows.size >= MOST) rows.delete(row[key]);
      rows.set(row[key], row);
    }
    together[name] = [...rows.values()].slice(-MOST);
  }
  return together;
}
