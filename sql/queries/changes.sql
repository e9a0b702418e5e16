-- name: begin
-- A snapshot taken before a TRUNCATE would miss its rows, so the locks come first; and never by
-- waiting, for a tool that truncates table after table would be caught in a deadlock with us.
begin isolation level repeatable read;
set local statement_timeout = 0;
lock table public.schools, public.terms, public.educators, public.sections,
    public.section_educators, public.subjects, public.students, public.enrollments, public.exams,
    public.grades, public.attendance, public.grading_policies, public.grade_categories,
    public.grade_overrides, public.school_days in access share mode nowait

-- name: look
-- The first row says what there is to do: how many changes wait and their bytes, counted no further
-- than just past the bounds ($2 changes, $3 bytes); what is set aside, and whether it is time to try
-- some of it again. The time is from before the snapshot. The other rows are the changes, taken in
-- the same look, if $4 and if they lie within the bounds.
with backlog as materialized (
    select
        waiting.changes as waiting,
        waiting.bytes,
        $4 and waiting.changes <= $2 and waiting.bytes <= $3 as is_taken,
        exists (select from classpulse.stale_sections)
        or exists (select from classpulse.stale_subjects)
        or exists (select from classpulse.stale_days)
        or exists (select from classpulse.due_trends) as is_stale,
        array(select aside.section_id from classpulse.set_aside as aside) as set_aside,
        exists (
            select from classpulse.set_aside as aside where aside.retry_at <= statement_timestamp()
        ) as is_due,
        pg_snapshot_xmin(pg_current_snapshot())::text::bigint as oldest,
        statement_timestamp() as as_of_time,
        state.version,
        coalesce(state.next_turn <= now(), true) as is_turning,
        coalesce(state.next_day <= now(), true) as is_new_day
    from (
        select
            count(*) as changes,
            coalesce(
                sum(
                    coalesce(pg_column_size(change.old), 0)
                    + coalesce(pg_column_size(change.new), 0)
                ),
                0
            )::bigint as bytes
        from (
            select captured.old, captured.new
            from classpulse.changes as captured where captured.id >= $1 limit $2 + 1
        ) as change
    ) as waiting
    left join classpulse.state as state on true
), taken as (
    delete from classpulse.changes where id >= $1 and (select backlog.is_taken from backlog)
    returning id, at, source, operation, old, new, section_id, student_ids, row_count,
        xid::text::bigint as xid, by_role, by_application
), remembered as (
    -- include: remembered
)
select *
from backlog
full join taken on false
order by taken.id nulls first

-- name: waiting_changes
-- $2: without those that take_changes_folded condenses.
select id
from classpulse.changes
where id >= $1
    and not (
        $2 and operation <> 'truncate'
        and source in (
            'grades', 'attendance', 'enrollments', 'exams', 'students', 'grade_overrides'
        )
    )
order by id

-- name: take_these_changes
with taken as (
    delete from classpulse.changes where id = any($1::bigint[])
    returning id, at, source, operation, old, new, section_id, student_ids, row_count,
        xid::text::bigint as xid, by_role, by_application
), remembered as (
    -- include: remembered
)
select * from taken

-- name: take_changes_folded
-- A large backlog, or changes that can't be read ($2): rows of the big tables become one change per
-- section; those without a section, and students, one per table with the ids of the students.
-- No row and no text is carried. Of the other tables a row that can't be read becomes a truncation:
-- look at everything.
with taken as (
    delete from classpulse.changes where id >= $1 and ($2::bigint[] is null or id = any($2))
    returning id, at, source, operation, old, new, section_id, student_ids, row_count,
        xid::text::bigint as xid, by_role, by_application
), remembered as (
    -- include: remembered
), foldable as (
    select taken.id, taken.at, taken.source, side.*
    from taken
    cross join lateral (
        select taken.section_id, taken.student_ids, taken.row_count::bigint as row_count
        where taken.operation = 'bulk'
        union all
        select
            line.section_id,
            case when line.section_id is null then array[line.student_id] end,
            1
        from (
            select
                (body ->> 'section_id')::bigint,
                case when body ->> 'section_id' is null then
                    coalesce(body ->> 'student_id', body ->> 'id')::bigint
                end
            from (values (taken.old), (taken.new)) as side (body)
            where taken.operation <> 'bulk' and side.body is not null
            group by 1, 2
        ) as line (section_id, student_id)
    ) as side
    where taken.source in (
            'grades', 'attendance', 'enrollments', 'exams', 'students', 'grade_overrides'
        )
        and taken.operation <> 'truncate'
), by_section as (
    select
        max(foldable.id) as id,
        max(foldable.at) as at,
        foldable.source,
        'bulk' as operation,
        null::json as old,
        null::json as new,
        foldable.section_id,
        null::bigint[] as student_ids,
        sum(foldable.row_count)::integer as row_count,
        0::bigint as xid
    from foldable
    where foldable.section_id is not null
    group by foldable.source, foldable.section_id
), of_students as (
    select
        max(foldable.id), max(foldable.at), foldable.source, 'bulk', null::json, null::json,
        null::bigint, array_agg(student.id), count(*)::integer, 0
    from foldable
    cross join lateral unnest(foldable.student_ids) as student (id)
    where foldable.section_id is null
    group by foldable.source
)
select * from by_section
union all
select * from of_students
union all
select
    id, at, source,
    case when $2::bigint[] is null then operation else 'truncate' end,
    case when $2::bigint[] is null then old end,
    case when $2::bigint[] is null then new end,
    section_id, student_ids, row_count, xid
from taken
where source not in (
            'grades', 'attendance', 'enrollments', 'exams', 'students', 'grade_overrides'
        )
    or operation = 'truncate'
order by id

-- name: rows_now
-- Rows as the snapshot holds them, written as capture writes them. $1 grades, $2 attendance,
-- $3 exams, $4 students by id; $5, $6 student and section of enrollments.
select source, id, section_id, body
from classpulse.rows_now(
    $1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]
)
