-- name: last
-- What somebody saw at the end of the visit before this one. After a while away that is what was
-- seen last. What another educator saw under the same number is nobody's to see.
select
    (case when visit.is_over then visit.seen else visit.before end)::text as before,
    case when visit.is_over then visit.seen_at else visit.before_at end as before_at
from (
    select
        visits.*,
        visits.seen_at < clock_timestamp() - make_interval(mins => cast(:away_minutes as integer))
            as is_over
    from classpulse.visits as visits
    join public.educators as educator
        on educator.id = visits.educator_id and educator.account_id = visits.account_id
    where visits.educator_id = cast(:educator_id as bigint)
) as visit;

-- name: note
-- What is seen now. After a while away it is another visit, which is compared with the last one.
insert into classpulse.visits as visit (educator_id, account_id, seen)
select educator.id, educator.account_id, cast(:seen as jsonb)
from public.educators as educator
where educator.id = cast(:educator_id as bigint)
on conflict (educator_id) do update set
    account_id = excluded.account_id,
    before = case
        when visit.account_id is distinct from excluded.account_id then null
        when visit.seen_at < clock_timestamp() - make_interval(mins => cast(:away_minutes as integer))
            then visit.seen
        else visit.before
    end,
    before_at = case
        when visit.account_id is distinct from excluded.account_id then null
        when visit.seen_at < clock_timestamp() - make_interval(mins => cast(:away_minutes as integer))
            then visit.seen_at
        else visit.before_at
    end,
    seen = excluded.seen,
    seen_at = excluded.seen_at;
