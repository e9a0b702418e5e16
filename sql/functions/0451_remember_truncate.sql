-- What a truncation takes away is read before it goes: afterwards nobody knows it.
create or replace function classpulse.remember_truncate() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_relid = to_regclass('public.grades') then
        with taken as (
            select
                clock_timestamp() as at, 'grades' as source, 'truncate' as operation,
                row_to_json(mark) as old, null::json as new, classpulse.acting_role() as by_role,
                current_setting('application_name', true) as by_application
            from public.grades as here
            -- include: known
            -- include: mark
        )
        -- include: remembered
        ;
    elsif tg_relid = to_regclass('public.attendance') then
        with taken as (
            select
                clock_timestamp() as at, 'attendance' as source, 'truncate' as operation,
                row_to_json(mark) as old, null::json as new, classpulse.acting_role() as by_role,
                current_setting('application_name', true) as by_application
            from public.attendance as here
            -- include: known
            -- include: mark
        )
        -- include: remembered
        ;
    elsif tg_relid = to_regclass('public.enrollments') then
        with taken as (
            select
                clock_timestamp() as at, 'enrollments' as source, 'truncate' as operation,
                row_to_json(mark) as old, null::json as new, classpulse.acting_role() as by_role,
                current_setting('application_name', true) as by_application
            from public.enrollments as here
            -- include: known
            -- include: mark
        )
        -- include: remembered
        ;
    elsif tg_relid = to_regclass('public.grade_overrides') then
        with taken as (
            select
                clock_timestamp() as at, 'grade_overrides' as source, 'truncate' as operation,
                row_to_json(mark) as old, null::json as new, classpulse.acting_role() as by_role,
                current_setting('application_name', true) as by_application
            from public.grade_overrides as here
            -- include: known
            -- include: mark
        )
        -- include: remembered
        ;
    end if;
    return null;
end
$$;
