-- What a change carries of a row of any other table of the school's.
cross join lateral (
    select
        known.id, known.school_id, known.term_id, known.section_id, known.educator_id,
        known.name, known.locale, known.code, known.student_number, known.first_name,
        known.last_name, known.email, known.role, known.is_active, known.subject_id, known.rule,
        known.student_id
) as thing
