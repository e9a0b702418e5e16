-- Who took which figures out of the house: a row a report made, kept for good. Like the rest of the
-- machinery it names rows of the school's tables without a foreign key: what is deleted later was
-- disclosed all the same.
create table classpulse.disclosures (
    id bigint generated always as identity primary key,
    made_at timestamptz not null default clock_timestamp(),
    -- as they were at that moment
    educator_id bigint not null,
    educator_name text not null,
    educator_email text not null,
    educator_role text not null,
    report text not null check (report in ('overview', 'section', 'subject', 'student')),
    format text not null check (format in ('csv', 'xlsx', 'pdf')),
    filters jsonb not null,
    student_id bigint,
    row_count bigint not null check (row_count >= 0),
    as_of text not null
);
create index disclosures_of_an_educator on classpulse.disclosures (educator_id, id);
create index disclosures_of_a_student on classpulse.disclosures (student_id, id)
where student_id is not null;

-- The schools that a report concerns, each with its own part of it: its principal sees no more.
create table classpulse.disclosed_schools (
    disclosure_id bigint not null references classpulse.disclosures,
    school_id bigint not null,
    section_ids bigint[] not null,
    row_count bigint not null check (row_count >= 0),
    primary key (school_id, disclosure_id)
);
create index disclosed_schools_of_a_disclosure on classpulse.disclosed_schools (disclosure_id);
