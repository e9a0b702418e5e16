// The overview with its lists as the page lays them out. Twin of overview_shown in display.py.

export function overviewShown(overview) {
  return {
    ...overview,
    attendance_percentage: overview.attendance_stats.percentage,
    chronically_absent: overview.attendance_stats.chronically_absent,
    letters: lettersShown(overview.grade_distribution),
    sections: keyed(overview.sections_performance_chart),
    subjects: keyed(overview.subject_performance_chart),
    top: performers(overview.top_performers),
    low: performers(overview.low_performers),
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

function keyed(records) {
  return records.map((record) => ({ ...record, key: String(record.id) }));
}

function performers(students) {
  return students.map((student) => ({ ...student, key: `${student.id}-${student.section_id}` }));
}
