-- What each of these rows adds to Σ part / Σ whole: its score and its total, or, where one of them is
-- of an item with a weight, its weight times its percentage and its weight (1 without one; nothing of
-- a row out of 0). Extra credit adds no whole. Exact: percentages are carried on one denominator.
create or replace function classpulse.shares(
    scores numeric[], totals numeric[], weights numeric[], extras boolean[],
    out parts numeric[], out wholes numeric[]
)
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
    -- of totals as whole numbers
    unit numeric;
    common numeric := 1;
    total numeric;
begin
    if array_remove(weights, null) = '{}' then
        select array_agg(case when given.is_extra then 0 else given.total end order by given.place)
        into wholes
        from unnest(totals, extras) with ordinality as given (total, is_extra, place);
        parts := scores;
        return;
    end if;
    unit := 10 ^ (select max(min_scale(given.total)) from unnest(totals) as given (total));
    for total in select distinct given.total from unnest(totals) as given (total) where given.total > 0
    loop
        common := common * trunc(total * unit);
    end loop;
    select
        array_agg(
            case when given.total > 0
                then given.weight * given.score * unit * div(common, trunc(given.total * unit))
                else 0
            end
            order by given.place
        ),
        array_agg(
            case when given.total > 0 and not given.is_extra then given.weight * common else 0 end
            order by given.place
        )
    into parts, wholes
    from (
        select row.score, row.total, coalesce(row.weight, 1) as weight, row.is_extra, row.place
        from unnest(scores, totals, weights, extras) with ordinality
            as row (score, total, weight, is_extra, place)
    ) as given;
end
$$;
