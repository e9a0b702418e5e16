-- Standings whose trend is to be derived again from all their rows, a few a batch. One that can't be
-- is tried again later. At first these are all that there are.
create table classpulse.stale_trends (
    section_id bigint not null,
    student_id bigint not null,
    retry_at timestamptz not null default '-infinity',
    problem text,
    primary key (section_id, student_id)
);
insert into classpulse.stale_trends (section_id, student_id)
select section_id, student_id from public.student_performance_summaries;
