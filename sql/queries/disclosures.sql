-- name: concerned
-- The schools that a report is about, each with its sections in it: those of the sections and of
-- the student reported, of what was asked for, and the viewer's own.
select concerned.school_id, array_remove(
    array_agg(concerned.section_id order by concerned.section_id), null
) as section_ids
from (
    select section.school_id, section.id as section_id
    from public.sections as section
    where section.id = any(cast(:sections as bigint[]))
    union all
    select section.school_id, null
    from public.sections as section
    where section.id = any(cast(:asked_sections as bigint[]))
    union all
    select subject.school_id, null
    from public.subjects as subject
    where subject.id = any(cast(:subjects as bigint[]))
    union all
    select term.school_id, null
    from public.terms as term
    where term.id = cast(:term as bigint)
    union all
    select student.school_id, null
    from public.students as student
    where student.id = cast(:student_id as bigint)
    union all
    select cast(:own_school as bigint), null
) as concerned
where concerned.school_id is not null
group by concerned.school_id
order by concerned.school_id;

-- name: record
with disclosure as (
    insert into classpulse.disclosures (
        educator_id, educator_name, educator_email, educator_role,
        report, format, filters, student_id, row_count, as_of
    ) values (
        cast(:educator_id as bigint),
        cast(:educator_name as text),
        cast(:educator_email as text),
        cast(:educator_role as text),
        cast(:report as text),
        cast(:format as text),
        cast(:filters as jsonb),
        cast(:student_id as bigint),
        cast(:row_count as bigint),
        cast(:as_of as text)
    )
    returning id
), parts as (
    insert into classpulse.disclosed_schools (disclosure_id, school_id, section_ids, row_count)
    select disclosure.id, part.school_id, part.section_ids, part.row_count
    from disclosure
    cross join jsonb_to_recordset(cast(:parts as jsonb))
        as part (school_id bigint, section_ids bigint[], row_count bigint)
)
select disclosure.id from disclosure;

-- name: page
-- Newest first, before the one that the cursor names. To a school (null: to everybody) only its own
-- part is shown, and of the filters of a report on several schools only those that name nothing. A
-- student of another school is not named.
select
    disclosure.id,
    disclosure.made_at,
    disclosure.educator_id,
    classpulse.shown_name(disclosure.educator_name) as educator_name,
    classpulse.shown_name(disclosure.educator_email) as educator_email,
    disclosure.educator_role,
    disclosure.report,
    disclosure.format,
    case
        when cast(:school_id as bigint) is null or parts.of_others = 0 then disclosure.filters
        else disclosure.filters - cast('{section_id, subject_id, student_id, term, q}' as text[])
    end as filters,
    case
        when classpulse.names_their_student(
                disclosure.id, disclosure.student_id, cast(:school_id as bigint)
            )
            then disclosure.student_id
    end as student_id,
    case
        when cast(:school_id as bigint) is null then disclosure.row_count
        else parts.row_count
    end as rows,
    parts.school_ids,
    parts.section_ids,
    disclosure.as_of as report_as_of
from classpulse.disclosures as disclosure
cross join lateral (
    select
        coalesce(array_agg(part.school_id order by part.school_id) filter (where own.is_shown), '{}')
            as school_ids,
        coalesce(sum(part.row_count) filter (where own.is_shown), 0) as row_count,
        count(*) filter (where not own.is_shown) as of_others,
        array(
            select section.id
            from classpulse.disclosed_schools as shown
            cross join lateral unnest(shown.section_ids) as section (id)
            where shown.disclosure_id = disclosure.id
                and (
                    cast(:school_id as bigint) is null
                    or shown.school_id = cast(:school_id as bigint)
                )
            order by section.id
        ) as section_ids
    from classpulse.disclosed_schools as part
    cross join lateral (
        select cast(:school_id as bigint) is null or part.school_id = cast(:school_id as bigint)
            as is_shown
    ) as own
    where part.disclosure_id = disclosure.id
) as parts
where (
        cast(:school_id as bigint) is null
        or exists (
            select from classpulse.disclosed_schools as theirs
            where theirs.school_id = cast(:school_id as bigint)
                and theirs.disclosure_id = disclosure.id
        )
    )
    and (
        cast(:educator_id as bigint) is null
        or disclosure.educator_id = cast(:educator_id as bigint)
    )
    and (
        cast(:student_id as bigint) is null
        or (
            disclosure.student_id = cast(:student_id as bigint)
            and classpulse.names_their_student(
                disclosure.id, disclosure.student_id, cast(:school_id as bigint)
            )
        )
    )
    and (
        cast(:from_date as date) is null
        or disclosure.made_at >= cast(cast(:from_date as date) as timestamp) at time zone 'UTC'
    )
    and (
        cast(:to_date as date) is null
        or disclosure.made_at < cast(cast(:to_date as date) + 1 as timestamp) at time zone 'UTC'
    )
    and (cast(:before as bigint) is null or disclosure.id < cast(:before as bigint))
order by disclosure.id desc
limit cast(:limit as bigint);

-- name: total
select count(*) as total
from classpulse.disclosures as disclosure
where (
        cast(:school_id as bigint) is null
        or exists (
            select from classpulse.disclosed_schools as theirs
            where theirs.school_id = cast(:school_id as bigint)
                and theirs.disclosure_id = disclosure.id
        )
    )
    and (
        cast(:educator_id as bigint) is null
        or disclosure.educator_id = cast(:educator_id as bigint)
    )
    and (
        cast(:student_id as bigint) is null
        or (
            disclosure.student_id = cast(:student_id as bigint)
            and classpulse.names_their_student(
                disclosure.id, disclosure.student_id, cast(:school_id as bigint)
            )
        )
    )
    and (
        cast(:from_date as date) is null
        or disclosure.made_at >= cast(cast(:from_date as date) as timestamp) at time zone 'UTC'
    )
    and (
        cast(:to_date as date) is null
        or disclosure.made_at < cast(cast(:to_date as date) + 1 as timestamp) at time zone 'UTC'
    );
