-- The columns that are asked for, of a row called `here`, in any table. A name that the row lacks is
-- looked up one level further out, in `absent`, and is null: so one function serves every table,
-- and one that somebody altered.
cross join (
    values (
        null, null, null, null, null, null, null, null, null, null, null, null, null, null,
        null, null, null, null, null, null, null, null, null, null, null, null, null
    )
) as absent (
    id, school_id, term_id, section_id, educator_id, student_id, subject_id, exam_id, name,
    code, role, is_active, email, student_number, first_name, last_name, roll_number,
    exam_date, total_marks, score, status, graded_on, remarks, date, period, created_at,
    updated_at
)
cross join lateral (
    select
        id, school_id, term_id, section_id, educator_id, student_id, subject_id, exam_id, name,
        code, role, is_active, email, student_number, first_name, last_name, roll_number,
        exam_date, total_marks, score, status, graded_on, remarks, date, period, created_at,
        updated_at
    from (select here.*) as there
) as known
