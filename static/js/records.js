// Which records of the page an event tells again, and which sections it concerns.

/** `[name, record]` of each: the name is that of a `data-record`. */
export function recordsOf(event) {
  if (event.type === "performance_update") {
    return [
      ...event.sections.map((section) => [`section:${section.section_id}`, section]),
      ...event.subjects.map((subject) => [`subject:${subject.subject_id}`, subject]),
    ];
  }
  return partsOf(event)
    .flatMap(({ performance_data: figures }) => [figures, figures?.previous])
    .flatMap((figures) =>
      figures
        ? [
            [figures.section, (section) => `section:${section.section_id}`],
            [figures.subject, (subject) => `subject:${subject.section_id}-${subject.subject_id}`],
            [figures.student, (student) => `standing:${student.id}-${student.section_id}`],
            [
              figures.student_subject,
              (mark) => `mark:${mark.student_id}-${mark.section_id}-${mark.subject_id}`,
            ],
            [figures.exam, (exam) => `exam:${exam.exam_id}`],
          ]
            .filter(([record]) => record)
            .map(([record, name]) => [name(record), record])
        : [],
    );
}

/** The ids of all sections that an event is about. */
export function sectionsOf(event) {
  const found = new Set(event.section_ids ?? []);
  for (const part of partsOf(event)) {
    for (const row of [part, part.grade_data, part.attendance_data, part.exam_data]) {
      if (row?.section_id != null) found.add(row.section_id);
    }
  }
  return [...found];
}

/** The ids of all students that an event is about. */
export function studentsOf(event) {
  const found = new Set();
  for (const part of partsOf(event)) {
    for (const row of [part, part.grade_data, part.attendance_data, part.roster_data]) {
      for (const id of [row?.student_id, row?.previous_student_id]) if (id != null) found.add(id);
    }
  }
  return [...found];
}

// What concerns a second section comes beside the first.
function partsOf(event) {
  return [event, ...(event.also ?? [])];
}
