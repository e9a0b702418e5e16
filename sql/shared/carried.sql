-- What a change carries of a row of the table `tg_argv[0]`, its `known` columns. Texts are one
-- character longer than what is shown of them at most, so that it is seen that they go on.
case tg_argv[0]
    when 'grades' then jsonb_build_object(
        'id', known.id,
        'student_id', known.student_id,
        'section_id', known.section_id,
        'subject_id', known.subject_id,
        'exam_id', known.exam_id,
        'status', left(known.status::text, 501),
        'score', known.score,
        'total_marks', known.total_marks,
        'graded_on', known.graded_on,
        'remarks', left(known.remarks::text, 2001)
    )
    when 'attendance' then jsonb_build_object(
        'id', known.id,
        'student_id', known.student_id,
        'section_id', known.section_id,
        'date', known.date,
        'period', known.period,
        'status', left(known.status::text, 501),
        'remarks', left(known.remarks::text, 2001)
    )
    when 'enrollments' then jsonb_build_object(
        'student_id', known.student_id,
        'section_id', known.section_id,
        'roll_number', known.roll_number
    )
    when 'exams' then jsonb_build_object(
        'id', known.id,
        'section_id', known.section_id,
        'subject_id', known.subject_id,
        'name', left(known.name::text, 501),
        'exam_date', known.exam_date,
        'total_marks', known.total_marks
    )
    when 'students' then jsonb_build_object(
        'id', known.id,
        'school_id', known.school_id,
        'student_number', left(known.student_number::text, 501),
        'first_name', left(known.first_name::text, 501),
        'last_name', left(known.last_name::text, 501),
        'email', left(known.email::text, 501),
        'is_active', known.is_active
    )
    when 'sections' then jsonb_build_object(
        'id', known.id,
        'school_id', known.school_id,
        'term_id', known.term_id,
        'name', left(known.name::text, 501)
    )
    when 'subjects' then jsonb_build_object(
        'id', known.id,
        'school_id', known.school_id,
        'code', left(known.code::text, 501),
        'name', left(known.name::text, 501)
    )
    when 'educators' then jsonb_build_object(
        'id', known.id,
        'school_id', known.school_id,
        'email', left(known.email::text, 501),
        'role', left(known.role::text, 501),
        'is_active', known.is_active
    )
    when 'section_educators' then jsonb_build_object(
        'section_id', known.section_id,
        'educator_id', known.educator_id
    )
    when 'schools' then jsonb_build_object('id', known.id)
    when 'terms' then jsonb_build_object('id', known.id, 'school_id', known.school_id)
    when 'grading_policies' then jsonb_build_object('id', known.id, 'school_id', known.school_id)
    else to_jsonb(here)
end
