-- A scale that can't be read would not be used, so it is refused where it is written.
create or replace function classpulse.check_policy() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    letters_count bigint;
    written text[];
    misfit text;
begin
    if new.section_id is not null or new.subject_id is not null then
        new.school_id := coalesce(
            new.school_id, classpulse.school_of_place(new.section_id, new.subject_id)
        );
        misfit := classpulse.place_misfit(
            new.school_id, 'policy', new.section_id, new.subject_id
        );
        if misfit is not null then
            raise exception using errcode = 'check_violation', message = misfit;
        end if;
    end if;
    new.carry_over := coalesce(new.carry_over, false);
    if new.letter_points is not null and (
        jsonb_typeof(new.letter_points) <> 'object'
        or pg_column_size(new.letter_points) >= 16384
        or exists (
            select from jsonb_object_keys(
                case jsonb_typeof(new.letter_points) when 'object' then new.letter_points else '{}' end
            ) as letter
            where classpulse.points_of(new.letter_points, letter) is null
        )
    ) then
        raise exception using
            errcode = 'check_violation',
            message = 'letter_points must give letters their grade points as numbers',
            hint = 'like {"A": 4, "B": 3, "C": 2, "D": 1, "F": 0}';
    end if;
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
