-- What a change carries of a row: few shapes for all tables, because each is made ready for every
-- statement, whether it is used or not.
case
    when tg_argv[1] = 'section' then (
        select to_jsonb(mark)
        from (
            select
                known.id, known.student_id, known.section_id, known.subject_id, known.exam_id,
                known.score, known.total_marks, known.status, known.graded_on, known.remarks,
                known.date, known.period, known.roll_number, known.name, known.exam_date
        ) as mark
    )
    when tg_table_schema = 'classpulse' then to_jsonb(here)
    else (
        select to_jsonb(thing)
        from (
            select
                known.id, known.school_id, known.term_id, known.section_id, known.educator_id,
                known.name, known.code, known.student_number, known.first_name, known.last_name,
                known.email, known.role, known.is_active
        ) as thing
    )
end
