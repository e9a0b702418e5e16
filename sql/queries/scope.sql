-- name: viewer
-- An active educator with the sections that are theirs; nobody if the token was signed out.
select
    educator.id,
    educator.full_name,
    educator.email,
    educator.role,
    educator.school_id,
    case educator.role
        when 'educator' then array(
            select taught.section_id
            from public.section_educators as taught
            where taught.educator_id = educator.id
        )
        when 'principal' then array(
            select section.id from public.sections as section
            where section.school_id = educator.school_id
        )
        else '{}'
    end as section_ids
from public.educators as educator
where educator.id = cast(:educator_id as bigint)
    and educator.is_active
    and not exists (
        select from classpulse.revoked_tokens as revoked
        where revoked.jti = cast(:jti as text)
    );

-- name: visible_sections
select count(*) as found
from public.sections as section
where section.id = any(cast(:ids as bigint[]))
    and (
        cast(:everything as boolean)
        or section.id = any(cast(:sections as bigint[]))
        or section.school_id = cast(:school_id as bigint)
    );

-- name: visible_subjects
select count(*) as found
from public.subjects as subject
where subject.id = any(cast(:ids as bigint[]))
    and (
        cast(:everything as boolean)
        or subject.school_id = cast(:school_id as bigint)
        or exists (
            select from public.exams as exam
            where exam.subject_id = subject.id
                and exam.section_id = any(cast(:sections as bigint[]))
        )
        or exists (
            select from public.grades as grade
            where grade.subject_id = subject.id
                and grade.section_id = any(cast(:sections as bigint[]))
        )
    );

-- name: visible_students
select count(*) as found
from public.students as student
where student.id = any(cast(:ids as bigint[]))
    and (
        cast(:everything as boolean)
        or student.school_id = cast(:school_id as bigint)
        or exists (
            select from public.enrollments as enrollment
            where enrollment.student_id = student.id
                and enrollment.section_id = any(cast(:sections as bigint[]))
                and student.is_active
        )
    );

-- name: sections_in_view
-- Those of the viewer's sections that an answer is about: of the current terms, or of one term.
select coalesce(array_agg(section.id order by section.id), '{}') as section_ids
from public.sections as section
where (
        cast(:everything as boolean)
        or section.id = any(cast(:sections as bigint[]))
    )
    and case
        when cast(:term as bigint) is null
            then section.id in (select current.section_id from classpulse.current_sections as current)
        else section.term_id = cast(:term as bigint)
    end;

-- name: all_sections
select coalesce(array_agg(section.id order by section.id), '{}') as section_ids
from public.sections as section
where cast(:everything as boolean) or section.id = any(cast(:sections as bigint[]));

-- name: visible_term
select exists (
    select from public.terms as term
    where term.id = cast(:term as bigint)
        and (
            cast(:everything as boolean)
            or term.school_id = cast(:own_school as bigint)
            or term.school_id in (
                select section.school_id from public.sections as section
                where section.id = any(cast(:sections as bigint[]))
            )
        )
) as found;
