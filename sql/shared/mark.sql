-- What a change carries of a row that belongs to a section.
cross join lateral (
    select
        known.id, known.student_id, known.section_id, known.subject_id, known.exam_id,
        known.score, known.total_marks, known.status, known.graded_on, known.remarks,
        known.date, known.period, known.roll_number, known.name, known.exam_date,
        known.category_id, coalesce(known.rule, known.override::text) as rule
) as mark
