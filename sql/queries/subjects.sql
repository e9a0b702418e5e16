-- name: page
-- Subjects in their order, after the one that the cursor names, of the sums that
-- `merged.subjects` made; unknown values come last either way. Always at least one row: `total`
-- counts all that are found.
with merged as materialized (
    select
        of_subject.*,
        subject.name,
        subject.code,
        subject.school_id,
        school.locale,
        classpulse.rounded(classpulse.exact_percentage(
            of_subject.passed_students, of_subject.passed_students + of_subject.failed_students
        )) as pass_rate,
        classpulse.rounded(classpulse.exact_mean(
            of_subject.average_sum, of_subject.averages
        )) as average_score,
        classpulse.rounded(classpulse.exact_percentage(of_subject.attended, of_subject.recorded))
            as attendance_average
    from json_to_recordset(cast(:sums as json)) as of_subject (
        subject_id bigint,
        total_sections bigint,
        standings bigint,
        total_students bigint,
        passed_students bigint,
        failed_students bigint,
        no_data bigint,
        averages bigint,
        average_sum numeric,
        highest_score numeric,
        lowest_score numeric,
        attended numeric,
        recorded numeric,
        changed numeric,
        due_items bigint,
        marked_items bigint,
        calendars bigint,
        registers_expected bigint,
        registers_taken bigint,
        uncounted_count bigint,
        grade_distribution json
    )
    join public.subjects as subject on subject.id = of_subject.subject_id
    join public.schools as school on school.id = subject.school_id
    where (cast(:only as bigint) is null or of_subject.subject_id = cast(:only as bigint))
        and (
            cast(:q as text) is null
            or classpulse.search_text(concat_ws(' ', subject.name, subject.code))
            like all (classpulse.search_patterns(cast(:q as text)))
        )
), listed as materialized (
    select
        merged.*,
        merged.subject_id as id,
        case
            when cast(:sort as text) = 'name'
                then classpulse.sort_key(array[merged.name], merged.locale)
        end collate "C" as name_key,
        case when cast(:descending as boolean) then -1 else 1 end * case cast(:sort as text)
            when 'average' then merged.average_score
            when 'pass_rate' then merged.pass_rate
            when 'attendance' then merged.attendance_average
            when 'students' then merged.total_students
            when 'change' then merged.changed
        end as key
    from merged
), page as (
    -- include: next_listed
)
select
    counted.total,
    page.name_key,
    page.key,
    page.subject_id,
    classpulse.shown_name(page.name) as subject_name,
    classpulse.shown_name(page.code) as subject_code,
    page.school_id,
    page.total_sections,
    page.total_students,
    page.standings,
    page.passed_students,
    page.failed_students,
    page.no_data,
    page.pass_rate,
    page.average_score,
    page.highest_score,
    page.lowest_score,
    page.attendance_average,
    page.grade_distribution,
    classpulse.coverage_shown(
        page.due_items, page.marked_items,
        case when page.calendars > 0 then page.registers_expected end, page.registers_taken,
        page.uncounted_count
    ) as coverage
from (select count(*) as total from listed) as counted
left join page on true
order by
    case when not cast(:descending as boolean) then page.name_key end,
    case when cast(:descending as boolean) then page.name_key end desc,
    page.key,
    page.subject_id;

-- name: sections
-- What each of these sections has in one subject, in order, after the one that the cursor names;
-- unknown values come last either way. Always at least one row: `total` counts all that are found.
with listed as materialized (
    select
        section.id,
        case
            when cast(:sort as text) = 'name'
                then classpulse.sort_key(array[section.name], school.locale)
        end collate "C" as name_key,
        case when cast(:descending as boolean) then -1 else 1 end * case cast(:sort as text)
            when 'average' then figures.average_score
            when 'pass_rate' then figures.pass_rate
            -- the section's: attendance is of no subject
            when 'attendance' then (
                select whole.attendance_average
                from public.performance_cache as whole
                where whole.section_id = figures.section_id and whole.subject_id is null
            )
            when 'students' then figures.total_students
            when 'change' then extract(epoch from figures.updated_at)
        end as key
    from public.performance_cache as figures
    join public.sections as section on section.id = figures.section_id
    join public.schools as school on school.id = section.school_id
    where figures.section_id = any(cast(:sections as bigint[]))
        and figures.subject_id = cast(:subject_id as bigint)
        and (
            cast(:q as text) is null
            or classpulse.search_text(section.name)
            like all (classpulse.search_patterns(cast(:q as text)))
        )
), page as (
    -- include: next_listed
)
select
    counted.total,
    page.name_key,
    page.key,
    figures.section_id,
    figures.section_name,
    figures.term_id,
    figures.total_students,
    figures.passed_students,
    figures.failed_students,
    figures.no_data,
    figures.pass_rate,
    figures.average_score,
    figures.highest_score,
    figures.lowest_score,
    figures.grade_distribution,
    figures.coverage
from (select count(*) as total from listed) as counted
left join page on true
left join classpulse.subject_figures as figures
    on figures.section_id = page.id and figures.subject_id = cast(:subject_id as bigint)
order by
    case when not cast(:descending as boolean) then page.name_key end,
    case when cast(:descending as boolean) then page.name_key end desc,
    page.key,
    page.id;

-- name: named
-- The subject itself, for who may see it though none of the sections in view has it.
select
    subject.id as subject_id,
    classpulse.shown_name(subject.name) as subject_name,
    classpulse.shown_name(subject.code) as subject_code,
    subject.school_id
from public.subjects as subject
where subject.id = cast(:subject_id as bigint)
    and (
        cast(:everything as boolean)
        or subject.school_id = cast(:school_id as bigint)
        or exists (
            select from public.performance_cache as figures
            where figures.subject_id = subject.id
                and figures.section_id = any(cast(:sections as bigint[]))
        )
    );

-- name: names
select subject.id, classpulse.shown_name(subject.name) as name
from public.subjects as subject
join public.schools as school on school.id = subject.school_id
where subject.id in (
    select figures.subject_id
    from public.performance_cache as figures
    where figures.section_id = any(cast(:sections as bigint[]))
)
order by classpulse.sort_key(array[subject.name], school.locale) collate "C", subject.id;
