-- Whether a school (null: everybody) may be told which student a report was on: one of its own, one
-- in its sections, or of a report that concerned no other school, whatever was deleted since.
create or replace function classpulse.names_their_student(
    disclosure_id bigint, student_id bigint, school_id bigint
) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select school_id is null
        or not exists (
            select from classpulse.disclosed_schools as other
            where other.disclosure_id = names_their_student.disclosure_id
                and other.school_id <> names_their_student.school_id
        )
        or exists (
            select from classpulse.disclosed_schools as own
            where own.disclosure_id = names_their_student.disclosure_id
                and own.school_id = names_their_student.school_id
                and own.section_ids <> '{}'
        )
        or exists (
            select from public.students as student
            where student.id = names_their_student.student_id
                and student.school_id = names_their_student.school_id
        )
$$;
