-- A scale that can't be read would not be used, so it is refused where it is written.
create or replace function classpulse.check_policy() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    letters_count bigint;
    written text[];
begin
    if new.pass_mark is null then
        new.pass_mark := 60;
    end if;
    if new.letter_scale is null then
        new.letter_scale := '{"A+": 95, "A": 90, "B+": 85, "B": 80, "C+": 75,
                              "C": 70, "D+": 65, "D": 60, "F": 0}';
    end if;
    select count(*) into letters_count
    from (
        select jsonb_object_keys(new.letter_scale) where jsonb_typeof(new.letter_scale) = 'object'
        union all
        select null
        from jsonb_array_elements(
            case jsonb_typeof(new.letter_scale) when 'array' then new.letter_scale else '[]' end
        )
    ) as entries;
    if letters_count > 50 then
        raise exception using
            errcode = 'check_violation',
            message = 'letter_scale must have at most 50 letters';
    end if;
    if exists (
        select from classpulse.scale(new.letter_scale) as scale where length(scale.letter) > 20
    ) then
        raise exception using
            errcode = 'check_violation',
            message = 'a letter of letter_scale must have at most 20 characters';
    end if;
    select scale.letters into written from classpulse.readable_scale(new.letter_scale) as scale;
    if written is null then
        raise exception using
            errcode = 'check_violation',
            message = 'letter_scale must give every letter its own lowest percentage, '
                'and the lowest letter 0',
            hint = 'like {"A": 90, "B": 80, "C": 70, "D": 60, "F": 0}';
    end if;
    return new;
end
$$;
