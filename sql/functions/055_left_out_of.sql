-- Which of the candidates, given by their places, are left out, at most so many, so that
-- Σ part / Σ whole over all that stays becomes as high as it can (`sign` -1: as low). At least one of
-- them stays, and something out of more than 0. Of equal choices the one whose places come first,
-- compared place by place, so that nothing is left out for nothing.
-- A choice beats a ratio part / whole exactly if it raises Σ (part · whole - part of the ratio · whole)
-- above 0, which is greatest without the candidates that fall furthest below 0: from ratio to ratio
-- it only rises, until none beats it.
create or replace function classpulse.left_out_of(
    candidates integer[],
    parts numeric[],
    wholes numeric[],
    fixed_part numeric,
    fixed_whole numeric,
    most integer,
    sign integer
) returns integer[]
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
    -- where all that is out of more than 0 could be left out, each of it is tried as what stays
    staying integer[] := array[0];
    kept integer;
    place integer;
    last integer;
    gain numeric;
    gains numeric[];
    below integer[];
    ratio_part numeric;
    ratio_whole numeric;
    next_part numeric;
    next_whole numeric;
    chosen integer[];
    best integer[] := '{}';
    best_part numeric;
    best_whole numeric;
begin
    most := least(most, cardinality(candidates) - 1);
    if most <= 0 then
        return '{}';
    end if;
    if fixed_whole <= 0 then
        staying := array(
            select candidate from unnest(candidates) as candidate where wholes[candidate] > 0
        );
        if cardinality(staying) > most then
            staying := array[0];
        end if;
    end if;
    foreach kept in array staying loop
        next_part := sign * fixed_part;
        next_whole := fixed_whole;
        foreach place in array candidates loop
            next_part := next_part + sign * parts[place];
            next_whole := next_whole + wholes[place];
        end loop;
        loop
            ratio_part := next_part;
            ratio_whole := next_whole;
            gains := '{}';
            below := '{}';
            next_part := sign * fixed_part;
            next_whole := fixed_whole;
            foreach place in array candidates loop
                gain := sign * parts[place] * ratio_whole - ratio_part * wholes[place];
                gains := gains || gain;
                next_part := next_part + sign * parts[place];
                next_whole := next_whole + wholes[place];
                if gain < 0 and place <> kept then
                    below := below || place;
                end if;
            end loop;
            if cardinality(below) > most then
                below := array(
                    select candidate.place
                    from unnest(candidates, gains) as candidate (place, gain)
                    where candidate.place = any(below)
                    order by candidate.gain, candidate.place
                    limit most
                );
            end if;
            foreach place in array below loop
                next_part := next_part - sign * parts[place];
                next_whole := next_whole - wholes[place];
            end loop;
            exit when next_part * ratio_whole <= ratio_part * next_whole;
        end loop;
        -- what changes nothing goes with them where it comes before one of them
        chosen := below;
        if cardinality(below) < most and below <> '{}' then
            last := (select max(candidate) from unnest(below) as candidate);
            for place in
                select candidate.place
                from unnest(candidates, gains) as candidate (place, gain)
                where candidate.gain = 0 and candidate.place < last and candidate.place <> kept
                order by candidate.place
                limit most - cardinality(below)
            loop
                chosen := chosen || place;
            end loop;
        end if;
        chosen := array(select candidate from unnest(chosen) as candidate order by candidate);
        if best_whole is null
            or ratio_part * best_whole > best_part * ratio_whole
            or (ratio_part * best_whole = best_part * ratio_whole and chosen < best)
        then
            best := chosen;
            best_part := ratio_part;
            best_whole := ratio_whole;
        end if;
    end loop;
    return best;
end
$$;
