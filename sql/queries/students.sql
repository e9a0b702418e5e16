-- name: page_by_name
-- Standings that pass the filters, by the names of their students, after the one that the cursor
-- names. Always at least one row: `total` counts all that pass. Only what decides the order is read
-- of many; only those of the page are looked up whole. An index has the keys' first 100 characters
-- in order, so that of a district the first page reads little more than itself.
with counted as (
    -- include: counted
), page as materialized (
    select
        standing.student_id,
        standing.section_id,
        cast(0 as numeric) as key,
        '' as section_key,
        cast(0 as bigint) as section_place,
        sorting.name_key
    from
        -- include: measured
    cross join lateral (
        select case when cast(:by_last_name as boolean) then named.by_last_name else named.by_name end
            as name_key
    ) as sorting
    where (
            -- include: passing
        )
        -- where the index is entered
        and (
            cast(:after_id as bigint) is null
            or case
                when cast(:descending as boolean)
                    then left(sorting.name_key, 100) <= left(cast(:after_name as text), 100)
                else left(sorting.name_key, 100) >= left(cast(:after_name as text), 100)
            end
        )
        and (
            cast(:after_id as bigint) is null
            or case
                when cast(:descending as boolean) then sorting.name_key < cast(:after_name as text)
                else sorting.name_key > cast(:after_name as text)
            end
            or (
                sorting.name_key = cast(:after_name as text)
                and (standing.student_id, standing.section_id)
                > (cast(:after_id as bigint), cast(:after_section as bigint))
            )
        )
    order by
        case when not cast(:descending as boolean) then left(sorting.name_key, 100) end,
        case when cast(:descending as boolean) then left(sorting.name_key, 100) end desc,
        case when not cast(:descending as boolean) then sorting.name_key end,
        case when cast(:descending as boolean) then sorting.name_key end desc,
        standing.student_id,
        standing.section_id
    limit cast(:limit as bigint)
)
-- include: whole_standings
;

-- name: page
-- The same by a figure, or by the section; unknown values come last either way.
with counted as (
    -- include: counted
), placed as materialized (
    -- by the name that a section has, so that no page shifts when another comes or goes
    select
        section.id,
        classpulse.sort_key(array[section.name], school.locale) collate "C" as section_key,
        case when cast(:descending as boolean) then -section.id else section.id end
            as section_place
    from public.sections as section
    join public.schools as school on school.id = section.school_id
    where cast(:sort as text) = 'section' and section.id = any(cast(:sections as bigint[]))
), measured as (
    select
        standing.student_id,
        standing.section_id,
        case cast(:sort as text)
            when 'average' then figures.average
            when 'average_if_missing_zero' then figures.average_if_missing_zero
            when 'attendance' then standing.attendance_percentage
            when 'roll_number' then enrollment.roll_number
            when 'graded' then figures.graded_count
            when 'missing' then figures.missing_count
            else 0
        end * case when cast(:descending as boolean) then -1 else 1 end as key,
        coalesce(placed.section_key, '') as section_key,
        coalesce(placed.section_place, 0) as section_place,
        case when cast(:by_last_name as boolean) then named.by_last_name else named.by_name end
            as name_key
    from
        -- include: measured
    left join public.enrollments as enrollment
        on enrollment.student_id = standing.student_id
        and enrollment.section_id = standing.section_id
    left join placed on placed.id = standing.section_id and cast(:sort as text) = 'section'
    where
        -- include: passing
), page as materialized (
    select *
    from measured
    where cast(:after_id as bigint) is null
        or (measured.key is null and not cast(:after_unknown as boolean))
        or measured.key > cast(:after_key as numeric)
        or case
            when cast(:descending as boolean)
                then measured.section_key < cast(:after_section_key as text)
            else measured.section_key > cast(:after_section_key as text)
        end
        or (
            measured.section_key = cast(:after_section_key as text)
            and measured.section_place > cast(:after_section_place as bigint)
        )
        or (
            (measured.key is null) = cast(:after_unknown as boolean)
            and measured.key is not distinct from cast(:after_key as numeric)
            and measured.section_key = cast(:after_section_key as text)
            and measured.section_place = cast(:after_section_place as bigint)
            and (
                measured.name_key > cast(:after_name as text)
                or (
                    measured.name_key = cast(:after_name as text)
                    and (measured.student_id, measured.section_id)
                    > (cast(:after_id as bigint), cast(:after_section as bigint))
                )
            )
        )
    order by
        measured.key nulls last,
        case when not cast(:descending as boolean) then measured.section_key end,
        case when cast(:descending as boolean) then measured.section_key end desc,
        measured.section_place,
        measured.name_key,
        measured.student_id,
        measured.section_id
    limit cast(:limit as bigint)
)
-- include: whole_standings
;

-- name: name_order
-- Whether lists of these sections go by the last name: yes, unless each of their schools says no.
select not coalesce(bool_and(school.name_order is not distinct from 'first_last'), false)
    as by_last_name
from public.schools as school
where exists (
    select from public.sections as section
    where section.id = any(cast(:sections as bigint[])) and section.school_id = school.id
);

-- name: student
-- The student, if they have a standing in these sections or the school is the viewer's as a whole.
select
    student.id,
    classpulse.shown_name(student.student_number) as student_number,
    classpulse.shown_name(trim(student.first_name || ' ' || student.last_name)) as name,
    classpulse.shown_name(student.first_name) as first_name,
    classpulse.shown_name(student.last_name) as last_name,
    classpulse.shown_name(student.email) as email,
    student.school_id,
    student.is_active
from public.students as student
where student.id = cast(:student_id as bigint)
    and (
        cast(:everything as boolean)
        or student.school_id = cast(:school_id as bigint)
        or exists (
            select from public.student_performance_summaries as summary
            where summary.student_id = student.id
                and summary.section_id = any(cast(:sections as bigint[]))
        )
    );

-- name: standings
-- Each with its rank among those of its section who have an average; equal averages share one.
select
    standing.section_id,
    standing.section_name,
    standing.term_id,
    classpulse.shown_name(term.name) as term_name,
    standing.roll_number,
    standing.average_score,
    standing.average_if_missing_zero,
    standing.letter,
    standing.status,
    standing.attendance_percentage,
    standing.attendance_percentage_unexcused,
    standing.chronically_absent,
    standing.graded_count,
    standing.missing_count,
    standing.total_subjects,
    standing.passed_subjects,
    standing.failed_subjects,
    standing.override_average,
    standing.override_letter,
    standing.overridden,
    standing.grade_points,
    standing.uncounted_count,
    standing.absence_basis,
    standing.coverage,
    case when standing.average_score is not null then place.better + 1 end as rank,
    place.ranked
from classpulse.standing_figures as standing
left join public.terms as term on term.id = standing.term_id
cross join lateral (
    select
        count(*) filter (where other.average > standing.average_score) as better,
        count(other.average) as ranked
    from public.student_performance_summaries as other
    where other.section_id = standing.section_id
) as place
where standing.id = cast(:student_id as bigint)
    and standing.section_id = any(cast(:sections as bigint[]))
order by term.starts_on desc nulls last, standing.section_name, standing.section_id;

-- name: means
-- The mean of a student's standings in these sections, with the letter that it earns there.
with standings as (
    select
        standing.*,
        (
            select classpulse.exact_mean(
                sum(subject.exact_average_if_missing_zero),
                count(subject.exact_average_if_missing_zero)
            )
            from classpulse.subject_standings as subject
            where subject.student_id = standing.id and subject.section_id = standing.section_id
        ) as exact_average_if_missing_zero
    from classpulse.standing_figures as standing
    where standing.id = cast(:student_id as bigint)
        and standing.section_id = any(cast(:sections as bigint[]))
), means as (
    select
        count(standings.exact_average) as averages,
        classpulse.rounded(classpulse.exact_mean(
            sum(standings.exact_average), count(standings.exact_average)
        )) as average_score,
        classpulse.rounded(classpulse.exact_mean(
            sum(standings.exact_average_if_missing_zero),
            count(standings.exact_average_if_missing_zero)
        )) as average_if_missing_zero,
        coalesce(sum(standings.total_subjects), 0)::bigint as total_subjects,
        coalesce(sum(standings.passed_subjects), 0)::bigint as passed_subjects,
        coalesce(sum(standings.failed_subjects), 0)::bigint as failed_subjects,
        coalesce(sum(standings.graded_count), 0)::bigint as graded_count,
        coalesce(sum(standings.missing_count), 0)::bigint as missing_count,
        bool_or(standings.chronically_absent) as chronically_absent,
        case
            when min(standings.absence_basis) <> max(standings.absence_basis) then 'mixed'
            else coalesce(min(standings.absence_basis), 'sessions')
        end as absence_basis,
        classpulse.coverage_shown(
            coalesce(sum((standings.coverage ->> 'due_items')::integer), 0),
            coalesce(sum((standings.coverage ->> 'marked_items')::integer), 0),
            sum((standings.coverage ->> 'registers_expected')::integer),
            coalesce(sum((standings.coverage ->> 'registers_taken')::integer), 0),
            coalesce(sum(standings.uncounted_count), 0)
        ) as coverage,
        min(standings.section_id) as any_section,
        -- what a person set in the only standing is what it says
        case when count(*) = 1 then bool_or(standings.overridden) end as overridden,
        min(standings.letter) as only_letter,
        min(standings.status) as only_status
    from standings
)
select
    means.averages,
    means.average_score,
    means.average_if_missing_zero,
    case
        when means.overridden then means.only_letter
        when means.average_score is not null
            then policy.letters[width_bucket(means.average_score, policy.minimums)]
    end as letter,
    case
        when means.overridden then means.only_status
        when means.average_score >= policy.pass_mark then 'pass'
        when means.average_score is not null then 'fail'
        else 'no_data'
    end as status,
    means.total_subjects,
    means.passed_subjects,
    means.failed_subjects,
    means.graded_count,
    means.missing_count,
    means.chronically_absent,
    means.absence_basis,
    means.coverage,
    (
        select coalesce(json_agg(row_to_json(earlier)), '[]')
        from (
            -- include: earlier
        ) as earlier
    ) as earlier
from means
left join classpulse.section_policies as policy on policy.section_id = means.any_section;

-- name: subject_grades
-- Per section and subject: the figures, and every grade that they are made of.
with rows as (
    select
        counted.section_id,
        counted.subject_id,
        json_agg(
            json_build_object(
                'id', grade.id,
                'exam_id', grade.exam_id,
                'exam_name', classpulse.shown_name(exam.name),
                'score', grade.score,
                'total_marks', grade.total_marks,
                'percentage', case
                    when grade.status = 'graded'
                        then classpulse.rounded(
                            classpulse.exact_percentage(grade.score, grade.total_marks)
                        )
                end,
                'status', grade.status,
                'graded_on', day.graded_on,
                'day', coalesce(day.graded_on, day.exam_date, day.recorded_on),
                'remarks', classpulse.shown_remark(grade.remarks),
                'category_id', counted.category_id,
                'due_on', item.due_on,
                'submitted_at', case
                    when grade.submitted_at between '0001-01-03' and '9999-12-29'
                        then to_char(
                            grade.submitted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
                        )
                end,
                'is_late', coalesce(
                    grade.is_late,
                    timezone(classpulse.known_zone(school.time_zone), grade.submitted_at)::date
                    > item.due_on
                ),
                'weight', counted.weight,
                'extra_credit', counted.extra_credit,
                'counts', item.why_not is null,
                'why_not', item.why_not,
                'carried_from', case when counted.earned_in <> counted.section_id then
                    json_build_object(
                        'section_id', earned_in.id,
                        'section_name', classpulse.shown_name(earned_in.name)
                    )
                end
            ) order by
                coalesce(day.graded_on, day.exam_date, day.recorded_on) desc nulls last,
                grade.id desc
        ) as grades
    from classpulse.counted_grades as counted
    join public.grades as grade on grade.id = counted.id
    join public.student_performance_summaries as standing
        on standing.student_id = counted.student_id and standing.section_id = counted.section_id
    join public.sections as earned_in on earned_in.id = counted.earned_in
    join public.schools as school on school.id = earned_in.school_id
    left join public.exams as exam on exam.id = grade.exam_id
    cross join lateral (
        select
            classpulse.calendar_date(grade.graded_on) as graded_on,
            classpulse.calendar_date(exam.exam_date) as exam_date,
            case
                when grade.created_at between '0001-01-03' and '9999-12-29'
                    then timezone(
                        classpulse.known_zone(school.time_zone), grade.created_at
                    )::date
            end as recorded_on
    ) as day
    left join classpulse.subject_standings as of_subject
        on of_subject.student_id = counted.student_id
        and of_subject.section_id = counted.section_id
        and of_subject.subject_id = counted.subject_id
    cross join lateral (
        select
            classpulse.calendar_date(exam.due_on)
                as due_on,
            classpulse.why_not(
                counted.id, counted.status, counted.counts, counted.category_id,
                of_subject.categories
            ) as why_not
    ) as item
    where counted.student_id = cast(:student_id as bigint)
        and counted.section_id = any(cast(:sections as bigint[]))
    group by counted.section_id, counted.subject_id
), figures as (
    select *
    from classpulse.subject_standing_figures as standing
    where standing.student_id = cast(:student_id as bigint)
        and standing.section_id = any(cast(:sections as bigint[]))
)
select
    subject.id as subject_id,
    classpulse.shown_name(subject.name) as subject_name,
    classpulse.shown_name(subject.code) as subject_code,
    section.id as section_id,
    classpulse.shown_name(section.name) as section_name,
    figures.percentage,
    figures.percentage_if_missing_zero,
    figures.letter as grade_letter,
    figures.passed as is_passed,
    coalesce(figures.graded_count, 0) as graded_count,
    coalesce(figures.missing_count, 0) as missing_count,
    figures.override_average,
    figures.override_letter,
    coalesce(figures.overridden, false) as overridden,
    coalesce(figures.uncounted_count, 0) as uncounted_count,
    coalesce(figures.categories, '[]') as categories,
    coalesce(figures.carried, '[]') as carried,
    coalesce(rows.grades, '[]') as grades
from rows
full join figures
    on figures.section_id = rows.section_id and figures.subject_id = rows.subject_id
join public.sections as section on section.id = coalesce(rows.section_id, figures.section_id)
join public.subjects as subject on subject.id = coalesce(rows.subject_id, figures.subject_id)
order by section.name, section.id, subject.name, subject.id;

-- name: attendance
-- What was recorded in these sections and for the whole day, each row once. A section that records
-- absences alone has counts, and no percentage; neither has a whole day if all of them are such.
with standings as materialized (
    select summary.section_id, whole.attendance_average is not null as is_known
    from public.student_performance_summaries as summary
    left join public.performance_cache as whole
        on whole.section_id = summary.section_id and whole.subject_id is null
    where summary.student_id = cast(:student_id as bigint)
        and summary.section_id = any(cast(:sections as bigint[]))
), rows as (
    select
        attendance.id,
        classpulse.calendar_date(attendance.date) as date,
        attendance.period,
        attendance.status,
        attendance.section_id,
        attendance.remarks,
        coalesce(standing.is_known, exists (select from standings where standings.is_known))
            as is_known
    from public.attendance as attendance
    left join standings as standing on standing.section_id = attendance.section_id
    where attendance.student_id = cast(:student_id as bigint)
        and (attendance.section_id is null or standing.section_id is not null)
), counts as (
    select
        count(*) filter (where rows.status = 'present') as present,
        count(*) filter (where rows.status = 'late') as late,
        count(*) filter (where rows.status = 'absent') as absent,
        count(*) filter (where rows.status = 'excused') as excused,
        count(*) as total,
        count(*) filter (where rows.is_known and rows.status in ('present', 'late')) as attended,
        count(*) filter (where rows.is_known and rows.status = 'excused') as counted_excused,
        count(*) filter (where rows.is_known) as counted
    from rows
), recent as (
    select rows.*, classpulse.shown_name(section.name) as section_name
    from rows
    left join public.sections as section on section.id = rows.section_id
    order by rows.date desc nulls last, rows.period desc, rows.id desc
    limit 60
)
select
    counts.present,
    counts.late,
    counts.absent,
    counts.excused,
    counts.total,
    classpulse.rounded(classpulse.exact_percentage(counts.attended, counts.counted)) as percentage,
    classpulse.rounded(classpulse.exact_percentage(
        counts.attended, counts.counted - counts.counted_excused
    )) as percentage_unexcused,
    coalesce(
        (
            select json_agg(
                json_build_object(
                    'id', recent.id,
                    'date', recent.date,
                    'period', recent.period,
                    'status', recent.status,
                    'section_id', recent.section_id,
                    'section_name', recent.section_name,
                    'remarks', classpulse.shown_remark(recent.remarks)
                ) order by recent.date desc nulls last, recent.period desc, recent.id desc
            )
            from recent
        ),
        '[]'
    ) as recent
from counts;

-- name: days
-- What was recorded in these sections and for the whole day, in a number of weeks up to the newest
-- day recorded, the oldest first.
with rows as materialized (
    select
        attendance.id,
        attendance.date,
        attendance.period,
        attendance.status,
        attendance.section_id,
        attendance.remarks
    from public.attendance as attendance
    where attendance.student_id = cast(:student_id as bigint)
        and attendance.date between '0001-01-02' and '9999-12-30'
        and (
            attendance.section_id is null
            or exists (
                select from public.student_performance_summaries as standing
                where standing.student_id = attendance.student_id
                    and standing.section_id = attendance.section_id
                    and standing.section_id = any(cast(:sections as bigint[]))
            )
        )
), newest as (
    select max(rows.date) as date from rows
)
select
    rows.date,
    rows.period,
    rows.status,
    rows.section_id is null as whole_day,
    classpulse.shown_name(section.name) as section_name,
    classpulse.shown_remark(rows.remarks) as remarks
from newest
join rows
    on rows.date
    > newest.date - extract(isodow from newest.date)::integer - 7 * (cast(:weeks as integer) - 1)
left join public.sections as section on section.id = rows.section_id
order by rows.date, rows.section_id is not null, rows.period, section.name, rows.id;
