-- name: viewers
-- Active educators with the sections that are theirs, and with what ends a token of theirs: the
-- session that it must repeat, and which of the tokens that are asked about were signed out, each
-- with the seconds until it ends (of all of them there may be many). Every request asks this, so the
-- view of accounts is written out here: it plans in half the time.
select
    educator.id,
    classpulse.shown_name(educator.full_name) as full_name,
    classpulse.shown_name(educator.email) as email,
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
    end as section_ids,
    classpulse.session_name(educator.account_id, session.stamp, educator.role) as session,
    cast(
        extract(epoch from coalesce(session.since, educator.created_at, 'infinity'))
        as double precision
    ) as since,
    ended.tokens as revoked
from public.educators as educator
left join classpulse.sessions as session on session.account_id = educator.account_id
left join (
    select
        token.educator_id,
        cast(
            json_object_agg(token.jti, extract(epoch from token.revoked_at - clock_timestamp()))
            as text
        ) as tokens
    from classpulse.revoked_tokens as token
    where token.jti = any(cast(:jtis as text[]))
    group by token.educator_id
) as ended on ended.educator_id = educator.id
where educator.id = any(cast(:ids as bigint[])) and educator.is_active;

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
            then section.term_id is null or section.term_id in (
                select current.term_id
                from classpulse.current_terms as current
                where cast(:everything as boolean)
                    or current.school_id in (
                        select own.school_id from public.sections as own
                        where own.id = any(cast(:sections as bigint[]))
                    )
            )
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
