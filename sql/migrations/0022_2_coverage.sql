-- What a figure does not know: items that are due and not marked, registers that were not taken.

-- Items that are due by the day told of their school.
create table classpulse.due_items (
    exam_id bigint primary key,
    section_id bigint not null,
    subject_id bigint not null
);
create index due_items_of_a_subject on classpulse.due_items (section_id, subject_id);

-- Standings that lack a mark of an item that is due.
create table classpulse.unmarked (
    exam_id bigint not null,
    student_id bigint not null,
    section_id bigint not null,
    subject_id bigint not null,
    primary key (exam_id, student_id)
);
create index unmarked_of_a_standing
on classpulse.unmarked (student_id, section_id, subject_id);

-- Days on which a section's register was taken.
create table classpulse.register_days (
    section_id bigint not null,
    date date not null,
    primary key (section_id, date)
);

-- Days on which a standing was absent or excused in at least half of its sessions: kept where the
-- school has a calendar.
create table classpulse.absent_days (
    section_id bigint not null,
    student_id bigint not null,
    date date not null,
    primary key (section_id, student_id, date)
);

-- The day by which each school's items are due and its registers expected.
create table classpulse.told_days (
    school_id bigint primary key,
    day date not null
);

-- Sections to be brought up to another day or calendar, a few a batch.
create table classpulse.stale_days (
    section_id bigint primary key,
    marked_at timestamptz not null default clock_timestamp()
);

-- When the next of the schools' days begins; null: look at once.
alter table classpulse.state
add column next_day timestamptz;

-- A standing that has no dates of its own has the registers of its section.
alter table public.student_performance_summaries
add column unmarked_items integer not null default 0,
add column registers_expected integer,
add column registers_taken integer;

-- `registers_expected` is null where the school has no calendar.
alter table public.performance_cache
add column due_items integer not null default 0,
add column marked_items integer not null default 0,
add column registers_expected integer,
add column registers_taken integer not null default 0,
add column uncounted_count integer not null default 0;
update public.performance_cache as figures
set uncounted_count = counted.n
from (
    select section_id, null::bigint as subject_id, sum(uncounted_count) as n
    from public.student_performance_summaries
    where uncounted_count > 0
    group by section_id
    union all
    select section_id, subject_id, sum(uncounted_count)
    from classpulse.subject_standings
    where uncounted_count > 0
    group by section_id, subject_id
) as counted
where figures.section_id = counted.section_id
    and figures.subject_id is not distinct from counted.subject_id;

-- the rest is counted by the projector, section by section
insert into classpulse.stale_sections (section_id, reason)
select section.id, 'structure' from public.sections as section
on conflict do nothing;
