-- Who changed a grade, an attendance row or an override, from what to what, and who was enrolled
-- until when: by quarters, so that what
-- is older than its retention is dropped and not deleted. What no quarter was made for yet goes into
-- the rest, so that no writer's statement can fail.
create sequence classpulse.history_id;
create table classpulse.history (
    id bigint not null default nextval('classpulse.history_id'),
    at timestamptz not null,
    source text not null,
    row_id bigint,
    student_id bigint,
    section_id bigint,
    subject_id bigint,
    exam_id bigint,
    date text,
    period integer,
    operation text not null,
    old_status text,
    new_status text,
    old_score numeric,
    new_score numeric,
    old_total numeric,
    new_total numeric,
    by_role text,
    by_application text,
    primary key (at, id)
) partition by range (at);
create index history_of_a_student on classpulse.history (student_id, at);
create index history_of_a_row on classpulse.history (row_id, source);
create table classpulse.history_rest partition of classpulse.history default;
do $$
declare
    first date;
begin
    for first in
        select date_trunc('quarter', timezone('UTC', now()))::date + make_interval(months => 3 * n)
        from generate_series(0, 1) as n
    loop
        execute format(
            'create table classpulse.%I partition of classpulse.history'
            ' for values from (%L) to (%L)',
            'history_' || to_char(first, 'YYYY"q"Q'),
            timezone('UTC', first::timestamp), timezone('UTC', first + interval '3 months')
        );
    end loop;
end
$$;

-- Who wrote a change: the role in force, by SET ROLE too, whatever the trigger runs as.
alter table classpulse.changes
add column by_role text,
add column by_application text;
alter table classpulse.changes
alter column by_role
    set default coalesce(nullif(current_setting('role', true), 'none'), session_user),
alter column by_application set default current_setting('application_name', true);
