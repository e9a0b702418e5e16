-- What classpulse itself needs. Nothing here has a foreign key to the school's tables: a user's
-- DELETE would have to wait for the projector.

-- Captured changes that no batch has folded in yet. Writers append, the leader takes.
create table classpulse.changes (
    id bigint generated always as identity primary key,
    xid xid8 not null default pg_current_xact_id(),
    at timestamptz not null default clock_timestamp(),
    source text not null,
    operation text not null
        check (operation in ('insert', 'update', 'delete', 'truncate', 'bulk')),
    old jsonb,
    new jsonb,
    -- of a bulk change only: its section (null: the whole day of these students) and its rows
    section_id bigint,
    student_ids bigint[],
    row_count integer
) with (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_threshold = -1,
    autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 1000000,
    autovacuum_vacuum_cost_delay = 0
);

-- 1 while the projector sleeps and wants to be woken. A sequence, because its value is seen at
-- once by every snapshot.
create sequence classpulse.projector_asleep minvalue 0 maxvalue 1 start 0;
select setval('classpulse.projector_asleep', 0);

-- One row: where the log stands.
create table classpulse.state (
    only_row boolean primary key default true check (only_row),
    epoch text not null default substr(md5(random()::text || clock_timestamp()::text), 1, 6),
    position bigint not null default 0,
    as_of_time timestamptz not null default clock_timestamp(),
    -- no change that is still to come has a lower id
    low_water bigint not null default 0,
    -- events from here on are kept (but for the machinery's own)
    kept_from bigint not null default 1,
    -- the database that the epoch belongs to; another one starts another epoch
    identity jsonb
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
insert into classpulse.state default values;

-- The numbered log. `payload` is the event as JSON, ready to send; `parts` (of an event that
-- concerns several sections) holds by section what only those who see it may read.
create table classpulse.events (
    position bigint primary key,
    at timestamptz not null,
    logged_at timestamptz not null default clock_timestamp(),
    type text not null,
    event text not null,
    school_id bigint,
    section_ids bigint[] not null default '{}',
    student_id bigint,
    subject_id bigint,
    educator_id bigint,
    payload text not null,
    parts json
);

-- Sections to be reckoned anew from their base rows, a few a batch.
create table classpulse.stale_sections (
    section_id bigint primary key,
    reason text not null,
    marked_at timestamptz not null default clock_timestamp()
);

-- A standing's figures in one subject.
create table classpulse.subject_standings (
    student_id bigint not null,
    section_id bigint not null,
    subject_id bigint not null,
    graded_count integer not null,
    missing_count integer not null,
    score_sum numeric not null,
    total_sum numeric not null,
    missing_total numeric not null,
    exact_average numeric,
    exact_average_if_missing_zero numeric,
    average numeric,
    letter text,
    passed boolean,
    primary key (student_id, section_id, subject_id)
) with (fillfactor = 80);
create index subject_standings_by_average
on classpulse.subject_standings (section_id, subject_id, average);

-- One row a standing. Averages are percentages rounded to 2 places; the exact one is kept beside
-- them, because means are taken of exact values.
create table public.student_performance_summaries (
    student_id bigint not null,
    section_id bigint not null,
    average numeric,
    average_if_missing_zero numeric,
    letter text,
    passed boolean,
    graded_count integer not null,
    missing_count integer not null,
    attended_sessions integer not null,
    total_sessions integer not null,
    attendance_percentage numeric,
    chronically_absent boolean,
    updated_at timestamptz not null default now(),
    exact_average numeric,
    present_sessions integer not null,
    late_sessions integer not null,
    absent_sessions integer not null,
    excused_sessions integer not null,
    attendance_percentage_unexcused numeric,
    total_subjects integer not null,
    passed_subjects integer not null,
    failed_subjects integer not null,
    primary key (student_id, section_id)
) with (fillfactor = 80);
create index student_performance_summaries_by_average
on public.student_performance_summaries (section_id, average);

-- One row a section (no subject) and one a section and subject.
create table public.performance_cache (
    section_id bigint not null,
    subject_id bigint,
    total_students integer not null default 0,
    average_score numeric,
    highest_score numeric,
    lowest_score numeric,
    passed_students integer not null default 0,
    failed_students integer not null default 0,
    pass_rate numeric,
    grade_distribution jsonb not null default '{}',
    attendance_average numeric,
    updated_at timestamptz not null default now(),
    no_data integer not null default 0,
    -- the exact sum of the averages, of (total_students - no_data) standings
    average_sum numeric not null default 0,
    present_sessions bigint not null default 0,
    late_sessions bigint not null default 0,
    absent_sessions bigint not null default 0,
    excused_sessions bigint not null default 0,
    -- of a section: how many standings have how many graded rows, for the median
    graded_counts jsonb not null default '{}',
    -- of a section: the policy that its figures were reckoned with
    pass_mark numeric,
    letters text[],
    minimums numeric[],
    constraint performance_cache_one_per_section_and_subject
    unique nulls not distinct (section_id, subject_id)
) with (fillfactor = 70);

create table classpulse.passwords (
    educator_id bigint primary key,
    hash text not null,
    changed_at timestamptz not null default now()
);

-- Tokens signed out before they ended, kept until they would have.
create table classpulse.revoked_tokens (
    jti text primary key,
    educator_id bigint not null,
    expires_at timestamptz not null
);

-- Who proves that a change made now arrives: one row a server process.
create table classpulse.canaries (
    process text primary key,
    beat bigint not null,
    born_at timestamptz not null default clock_timestamp()
);

-- What this database was made for: 'demo' allows the simulator to write.
create table classpulse.properties (
    name text primary key,
    value text not null
);
