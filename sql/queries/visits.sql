-- name: begin
-- What is seen now; after a while away, what was seen last becomes what it is compared with. What
-- somebody else saw under the same number is nobody's to see.
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
    seen_at = excluded.seen_at
returning visit.before::text as before, visit.before_at;

-- name: leave
update classpulse.visits as visit set
    seen = cast(:seen as jsonb),
    seen_at = clock_timestamp()
from public.educators as educator
where visit.educator_id = cast(:educator_id as bigint)
    and educator.account_id = visit.account_id
returning visit.educator_id;
