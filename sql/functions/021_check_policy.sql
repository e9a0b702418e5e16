-- A scale that can't be read would stop the projector, so it is refused where it is written.
create or replace function classpulse.check_policy() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    letters_count integer;
    distinct_letters integer;
    distinct_minimums integer;
    lowest numeric;
begin
    if new.pass_mark is null then
        new.pass_mark := 60;
    end if;
    if new.letter_scale is null then
        new.letter_scale := '{"A+": 95, "A": 90, "B+": 85, "B": 80, "C+": 75,
                              "C": 70, "D+": 65, "D": 60, "F": 0}';
    end if;
    begin
        select
            count(*),
            count(distinct nullif(trim(scale.letter), '')),
            count(distinct scale.minimum) filter (where scale.minimum < 1000000000),
            min(scale.minimum)
        into letters_count, distinct_letters, distinct_minimums, lowest
        from classpulse.scale(new.letter_scale) as scale;
    exception when data_exception then
        letters_count := 0;
    end;
    if letters_count = 0 or distinct_letters <> letters_count
        or distinct_minimums <> letters_count or lowest is distinct from 0
    then
        raise exception using
            errcode = 'check_violation',
            message = 'letter_scale must give every letter its own lowest percentage, '
                'and the lowest letter 0',
            hint = 'like {"A": 90, "B": 80, "C": 70, "D": 60, "F": 0}';
    end if;
    return new;
end
$$;
