-- name: take_stale_sections
-- A few at a time, by their size, so that a batch stays short; whether others are left.
with marked as (
    select stale.section_id, min(stale.marked_at) as marked_at
    from classpulse.stale_sections as stale
    group by stale.section_id
), sized as (
    select
        marked.section_id,
        sum(coalesce(figures.total_students, 0) + 1) over (order by marked.marked_at, marked.section_id)
        - coalesce(figures.total_students, 0) as before_it
    from marked
    left join public.performance_cache as figures
        on figures.section_id = marked.section_id and figures.subject_id is null
)
delete from classpulse.stale_sections as stale
using sized
where sized.section_id = stale.section_id and sized.before_it <= $1
returning stale.section_id, stale.reason, exists (
    select from sized as other where other.before_it > $1
) as is_more

-- name: take_stale_subjects
-- The same of sections and subjects of which a rule changed.
with sized as (
    select
        stale.section_id,
        stale.subject_id,
        sum(coalesce(figures.total_students, 0) + 1) over (
            order by stale.marked_at, stale.section_id, stale.subject_id
        ) - coalesce(figures.total_students, 0) as before_it
    from classpulse.stale_subjects as stale
    left join public.performance_cache as figures
        on figures.section_id = stale.section_id and figures.subject_id is null
)
delete from classpulse.stale_subjects as stale
using sized
where sized.section_id = stale.section_id
    and sized.subject_id = stale.subject_id
    and sized.before_it <= $1
returning stale.section_id, stale.subject_id, stale.what::text, exists (
    select from sized as other where other.before_it > $1
) as is_more

-- name: take_stale_days
-- The same of sections whose day, term or calendar is another one.
with sized as (
    select
        stale.section_id,
        sum(coalesce(figures.total_students, 0) + 1) over (
            order by stale.marked_at, stale.section_id
        ) - coalesce(figures.total_students, 0) as before_it
    from classpulse.stale_days as stale
    left join public.performance_cache as figures
        on figures.section_id = stale.section_id and figures.subject_id is null
)
delete from classpulse.stale_days as stale
using sized
where sized.section_id = stale.section_id and sized.before_it <= $1
returning stale.section_id, exists (
    select from sized as other where other.before_it > $1
) as is_more

-- name: mark_days
-- Sections of these schools and terms, or every one.
insert into classpulse.stale_days (section_id)
select section.id
from public.sections as section
where $3 or section.school_id = any($1::bigint[]) or section.term_id = any($2::bigint[])
on conflict do nothing

-- name: turn_days
-- Marks the sections of which something is due, or a register expected, by another day than the one
-- told, for each school by its own clock. Then the next midnight of any school, looked at an hour
-- before, too: where a clock is set back, midnight can come twice.
with clock as materialized (
    select school.id as school_id, zone.name as zone, timezone(zone.name, now())::date as today
    from public.schools as school
    cross join lateral (
        select classpulse.known_zone(school.time_zone) as name offset 0
    ) as zone
), gone as (
    delete from classpulse.told_days as told
    where not exists (select from clock where clock.school_id = told.school_id)
), told as (
    insert into classpulse.told_days as told (school_id, day)
    select clock.school_id, clock.today from clock
    on conflict (school_id) do update set day = excluded.day where told.day <> excluded.day
), turned as (
    -- the days that passed, or came back
    select
        clock.school_id,
        least(former.day, clock.today) + 1 as first_day,
        greatest(former.day, clock.today) as last_day
    from clock
    join classpulse.told_days as former on former.school_id = clock.school_id
    where former.day <> clock.today
), planned as (
    update classpulse.state set next_day = coalesce(
        (
            select min(look.at)
            from (select distinct clock.zone, clock.today from clock) as place
            cross join lateral (
                select timezone(place.zone, (place.today + 1)::timestamp) as midnight
            ) as turn
            cross join lateral (
                values (turn.midnight), (turn.midnight - interval '1 hour')
            ) as look (at)
            where look.at > now()
        ),
        now() + interval '30 days'
    )
)
insert into classpulse.stale_days (section_id)
select section.id
from turned
join public.sections as section on section.school_id = turned.school_id
left join public.terms as term on term.id = section.term_id
where exists (
        select from public.exams as exam
        where exam.section_id = section.id
            and coalesce(exam.due_on, exam.exam_date) between turned.first_day and turned.last_day
    )
    or exists (
        select from public.school_days as day
        where day.school_id = section.school_id
            and day.kind <> 'holiday'
            and day.date between
                greatest(turned.first_day, coalesce(term.starts_on, turned.first_day))
            and least(turned.last_day, coalesce(term.ends_on, turned.last_day))
    )
on conflict do nothing

-- name: mark_subjects_of_categories
-- Where anything is in one of these categories; $2 what changed of each.
insert into classpulse.stale_subjects as stale (section_id, subject_id, what)
select
    used.section_id,
    used.subject_id,
    case when count(distinct used.what) = 1 then min(used.what)::jsonb end
from (
    select exam.section_id, exam.subject_id, changed.what
    from unnest($1::bigint[], $2::text[]) as changed (category_id, what)
    join public.exams as exam on exam.category_id = changed.category_id
    union
    select grade.section_id, grade.subject_id, changed.what
    from unnest($1::bigint[], $2::text[]) as changed (category_id, what)
    join public.grades as grade on grade.category_id = changed.category_id
) as used
group by used.section_id, used.subject_id
on conflict (section_id, subject_id) do update set
    what = case when stale.what = excluded.what then stale.what end

-- name: letters_of
select standing.section_id, standing.subject_id, standing.student_id, standing.letter
from unnest($1::bigint[], $2::bigint[]) as place (section_id, subject_id)
join classpulse.subject_standings as standing
    on standing.section_id = place.section_id and standing.subject_id = place.subject_id

-- name: names_of_places
select
    section.id as section_id,
    classpulse.shown_name(section.name) as section_name,
    section.school_id,
    subject.id as subject_id,
    classpulse.shown_name(subject.name) as subject_name
from unnest($1::bigint[], $2::bigint[]) as place (section_id, subject_id)
join public.sections as section on section.id = place.section_id
join public.subjects as subject on subject.id = place.subject_id
order by section.id, subject.id

-- name: mark_sections_of_policy
-- No school: the default policy, of every school without its own.
insert into classpulse.stale_sections (section_id, reason)
select section.id, 'policy'
from public.sections as section
where section.school_id = any($1::bigint[])
    or (
        $2 and not exists (
            select from public.grading_policies as own
            where own.school_id = section.school_id
                and own.section_id is null
                and own.subject_id is null
        )
    )
on conflict do nothing

-- name: mark_every_section
insert into classpulse.stale_sections (section_id, reason)
select section.id, $1::text from public.sections as section
union
select figures.section_id, $1 from public.performance_cache as figures
where figures.subject_id is null
on conflict do nothing

-- name: mark_sections
insert into classpulse.stale_sections (section_id, reason)
select section.id, $2::text from unnest($1::bigint[]) as section (id)
on conflict do nothing

-- name: mark_carrying_sections
-- Of these schools: those where grades of another section may count, because a term or a category
-- decides which of them do.
insert into classpulse.stale_sections (section_id, reason)
select figures.section_id, 'grading'
from public.performance_cache as figures
join public.sections as section on section.id = figures.section_id
where figures.carries and section.school_id = any($1::bigint[])
on conflict do nothing

-- name: mark_reused_sections
-- Sections that are new but have figures already: their id was another section's.
insert into classpulse.stale_sections (section_id, reason)
select figures.section_id, 'structure'
from public.performance_cache as figures
where figures.section_id = any($1::bigint[]) and figures.subject_id is null
on conflict do nothing

-- name: due_sections
-- A few at a time: one that fails again costs a batch its time.
select section_id from classpulse.set_aside
where retry_at <= statement_timestamp()
order by retry_at
limit 5

-- name: set_aside
-- Tried again after 1 s, 2 s, 4 s ... a minute.
insert into classpulse.set_aside as aside (section_id, reason, retry_at)
values ($1, $2, clock_timestamp() + interval '1 s')
on conflict (section_id) do update set
    reason = excluded.reason,
    tries = aside.tries + 1,
    retry_at = clock_timestamp() + least(interval '1 s' * 2 ^ least(aside.tries, 10), '60 s')
returning aside.tries

-- name: retry_set_aside
update classpulse.set_aside set retry_at = clock_timestamp()

-- name: restore_sections
delete from classpulse.set_aside where section_id = any($1::bigint[])

-- name: mark_trends_of_schools
-- A school's clock says on which day a row was written.
insert into classpulse.stale_trends (section_id, student_id)
select summary.section_id, summary.student_id
from public.student_performance_summaries as summary
join public.sections as section on section.id = summary.section_id
where section.school_id = any($1::bigint[])
on conflict do nothing

-- name: derive_trends
select classpulse.derive_trends($1::double precision * interval '1 s')

-- name: has_due_trends
select exists (select from classpulse.due_trends)

-- name: standings_of
-- The standings of these students, those too that are no longer.
select enrollment.student_id, enrollment.section_id
from public.enrollments as enrollment
where enrollment.student_id = any($1::bigint[])
union
select summary.student_id, summary.section_id
from public.student_performance_summaries as summary
where summary.student_id = any($1::bigint[])

-- name: still_here
-- Long work on the client's side must not look like a client that is gone.
select 1

-- name: apply_policies
select classpulse.apply_policies($1::bigint[])

-- name: fold
select student_id, section_id
from classpulse.fold(
    $1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
    $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[],
    $12::bigint[], $13::bigint[], $14::text[]::date[], $15::bigint[]
)

-- name: name_students
-- Of students (null: of all), of those in sections, of those at schools.
select classpulse.name_students($1::bigint[], $2::bigint[], $3::bigint[])

-- name: name_everyone
-- Whom the migration finds, and whom a leader of an earlier version took in or renamed.
select classpulse.name_students(null, null, null)

-- name: figures
-- $1, $2 student and section of standings; $3 sections; $4, $5 section and subject; $6, $7, $8
-- student, section and subject; $9 students; $10 exams; $11 subjects; $12 categories.
select kind, a, b, c, body
from classpulse.figures_told(
    $1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
    $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[]
)

-- name: fold_and_tell
-- fold and figures in one round trip: $1 to $15 are the one's, $16 to $27 the other's.
select kind, a, b, c, body
from classpulse.fold_and_tell(
    $1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
    $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[],
    $12::bigint[], $13::bigint[], $14::text[]::date[], $15::bigint[],
    $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[],
    $22::bigint[], $23::bigint[], $24::bigint[], $25::bigint[], $26::bigint[], $27::bigint[]
)

-- name: enrollments_of
select enrollment.student_id, enrollment.section_id
from public.enrollments as enrollment
where enrollment.student_id = any($1::bigint[])

-- name: sections_of_schools
select section.id, section.school_id
from public.sections as section
where section.school_id = any($1::bigint[])

-- name: sections_of_students
-- Where those look who see these students ($2: any), and the school; of one who is in no section
-- the school alone.
select distinct enrollment.section_id as id, student.school_id
from public.students as student
left join public.enrollments as enrollment on enrollment.student_id = student.id
where student.id = any($1::bigint[]) or $2::boolean

-- name: sections_of_subjects
select distinct figures.section_id as id, section.school_id
from public.performance_cache as figures
join public.sections as section on section.id = figures.section_id
where figures.subject_id = any($1::bigint[])

-- name: turn_terms
-- What turned over since it was last told: a school, and a section of a term that became current
-- or no longer is (null: such a term has none). Then the next midnight that may turn one, looked
-- at an hour before, too: where a clock is set back, midnight can come twice. $1 schools whose
-- turn is told otherwise, $2 so is everybody's.
with before as (
    select state.next_turn from classpulse.state as state
), gone as (
    delete from classpulse.told_terms as told
    where not exists (
        select from classpulse.current_terms as current
        where current.school_id = told.school_id and current.term_id = told.term_id
    )
    returning told.school_id, told.term_id
), come as (
    insert into classpulse.told_terms (school_id, term_id)
    select current.school_id, current.term_id from classpulse.current_terms as current
    on conflict (school_id, term_id) do nothing
    returning school_id, term_id
), planned as (
    update classpulse.state set next_turn = coalesce(
        (
            select min(look.at)
            from public.terms as term
            join public.schools as school on school.id = term.school_id
            cross join lateral (
                values
                (case when term.starts_on between current_date - 3 and current_date + 40
                    then term.starts_on end),
                (case when term.ends_on between current_date - 3 and current_date + 40
                    then term.ends_on + 1 end)
            ) as first (day)
            cross join lateral (
                select timezone(classpulse.known_zone(school.time_zone), first.day::timestamp) as midnight
            ) as turn
            cross join lateral (
                values (turn.midnight), (turn.midnight - interval '1 hour')
            ) as look (at)
            where look.at > now()
        ),
        now() + interval '30 days'
    )
)
select turned.school_id, section.id as section_id
from (select * from gone union select * from come) as turned
cross join before
left join public.sections as section on section.term_id = turned.term_id
where before.next_turn is not null and not $2::boolean and turned.school_id <> all($1::bigint[])

-- name: principals_of_schools
select educator.id from public.educators as educator
where educator.school_id = any($1::bigint[]) and educator.role = 'principal'

-- name: every_educator
select educator.id from public.educators as educator

-- name: forget_accounts
-- What was kept for educators who are gone.
with gone as (
    select password.account_id from classpulse.passwords as password
    union
    select session.account_id from classpulse.sessions as session
    union
    select visit.account_id from classpulse.visits as visit
    union
    select mark.account_id from classpulse.marks as mark
    except
    select educator.account_id from public.educators as educator
), passwords as (
    delete from classpulse.passwords as password using gone
    where password.account_id = gone.account_id
), visits as (
    delete from classpulse.visits as visit using gone where visit.account_id = gone.account_id
), marks as (
    delete from classpulse.marks as mark using gone where mark.account_id = gone.account_id
)
delete from classpulse.sessions as session using gone where session.account_id = gone.account_id

-- name: write_events
-- Some of a batch's events ($15: the position of the last), and the log moved on to them. Should the
-- notification queue be full, the readers' own poll finds the events.
with written as (
    insert into classpulse.events (
        position, at, type, event, school_id, section_ids, student_id, subject_id, educator_id,
        payload, parts, former_student_id, former_subject_id, former_section_ids
    )
    select
        entry.position, entry.at, entry.type, entry.event, entry.school_id,
        entry.section_ids::bigint[], entry.student_id, entry.subject_id, entry.educator_id,
        entry.payload, entry.parts::json, entry.former_student_id, entry.former_subject_id,
        entry.former_section_ids::bigint[]
    from unnest(
        $1::bigint[], $2::timestamptz[], $3::text[], $4::text[], $5::bigint[], $6::text[],
        $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::text[], $12::bigint[],
        $13::bigint[], $14::text[]
    ) as entry (
        position, at, type, event, school_id, section_ids, student_id, subject_id, educator_id,
        payload, parts, former_student_id, former_subject_id, former_section_ids
    )
    returning position, type, section_ids, educator_id
), listed as (
    insert into classpulse.event_sections (section_id, position, type)
    select section.id, written.position, written.type
    from written
    cross join lateral unnest(written.section_ids) as section (id)
    where written.educator_id is null and not starts_with(written.type, '_')
    on conflict do nothing
)
update classpulse.state set
    position = $15::bigint,
    as_of_time = $16,
    low_water = greatest(low_water, $17::bigint)
returning case
    when pg_notification_queue_usage() < 0.9
        then pg_notify('classpulse_events', ($15::bigint)::text)
end
