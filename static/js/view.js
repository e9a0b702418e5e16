// An overview, or what changed of it, as the page lays it out. Twin of overview_shown in display.py.

/** `totals` as the tiles show them, and each list that the update tells. */
export function updateShown(update) {
  const { totals, grade_distribution: letters, top_performers: top, low_performers: low } = update;
  return {
    totals: {
      ...totals,
      attendance_percentage: totals.attendance_stats.percentage,
      chronically_absent: totals.attendance_stats.chronically_absent,
      absence_basis: totals.attendance_stats.absence_basis,
    },
    letters: letters && lettersShown(letters),
    top: top && performers(top),
    low: low && performers(low),
    sections: update.sections.map((row) => bar(row, "section")),
    subjects: update.subjects.map((row) => bar(row, "subject")),
  };
}

/** A distribution as bars: each letter with its count, and its share of the highest. */
export function lettersShown(distribution) {
  const highest = Math.max(0, ...Object.values(distribution)) || 1;
  return Object.entries(distribution).map(([letter, count]) => ({
    id: letter,
    key: letter,
    count,
    share: (100 * count) / highest,
  }));
}

function bar(row, kind) {
  const id = row[`${kind}_id`];
  return {
    id,
    key: String(id),
    name: row[`${kind}_name`],
    average: row.average_score,
    pass_rate: row.pass_rate,
    students: row.total_students,
    attendance: row.attendance_average,
  };
}

function performers(students) {
  return students.map((student) => ({ ...student, key: `${student.id}-${student.section_id}` }));
}
