-- When there is school, and when a student is in a section. Both are optional: without a calendar
-- sessions are counted as before, and without dates of its own an enrollment has its term's.

create table if not exists public.school_days (
    school_id bigint not null references public.schools on delete cascade deferrable,
    date date not null constraint school_days_date_is_finite check (isfinite(date)),
    kind text not null default 'school'
        constraint school_days_kind_is_known check (kind in ('school', 'holiday', 'half')),
    primary key (school_id, date)
);
comment on table public.school_days is
'classpulse: the calendar of a school; holidays are no school days';

alter table public.enrollments
add column if not exists starts_on date
    constraint enrollments_start_is_finite check (isfinite(starts_on)),
add column if not exists ends_on date
    constraint enrollments_end_is_finite check (isfinite(ends_on));
do $$
begin
    if not exists (
        select from pg_constraint
        where conrelid = 'public.enrollments'::regclass
            and conname = 'enrollments_end_after_they_start'
    ) then
        alter table public.enrollments
        add constraint enrollments_end_after_they_start check (starts_on <= ends_on);
    end if;
end
$$;
