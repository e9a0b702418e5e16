-- Averages, passes and attendance as they were at each date: step functions, a row a date at which
-- something is dated. A standing's are as of the rows dated up to then.
create table classpulse.subject_trend (
    student_id bigint not null,
    section_id bigint not null,
    subject_id bigint not null,
    date date not null,
    exact_average numeric,
    passed boolean,
    n integer not null,
    -- of the rows that it was calculated from, where a rule is set: the same, the same average
    basis bigint not null,
    primary key (student_id, section_id, subject_id, date)
);
create table classpulse.standing_trend (
    student_id bigint not null,
    section_id bigint not null,
    date date not null,
    exact_average numeric,
    passed boolean,
    n integer not null,
    primary key (student_id, section_id, date)
);

-- The sessions of a standing by date: the arrays go together. One row, because a year has many days.
create table classpulse.standing_sessions (
    student_id bigint not null,
    section_id bigint not null,
    dates date[] not null,
    present integer[] not null,
    late integer[] not null,
    absent integer[] not null,
    excused integer[] not null,
    primary key (student_id, section_id)
);

-- What a section (no subject), or a subject of it, gains at a date over the one before: the sum up
-- to a date is what it was then, the sum over sections that of a scope. A row of nothing is none.
create table classpulse.section_trend (
    section_id bigint not null,
    subject_id bigint,
    date date not null,
    average_sum numeric not null,
    averages integer not null,
    passed integer not null,
    failed integer not null,
    present bigint not null,
    late bigint not null,
    absent bigint not null,
    excused bigint not null,
    constraint section_trend_one_per_section_subject_and_date
    unique nulls not distinct (section_id, subject_id, date)
);
