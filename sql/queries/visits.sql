-- name: begin
-- What is seen now; after a while away, what was seen last becomes what it is compared with.
insert into classpulse.visits as visit (educator_id, seen)
values (cast(:educator_id as bigint), cast(:seen as jsonb))
on conflict (educator_id) do update set
    before = case
        when visit.seen_at < clock_timestamp() - make_interval(mins => cast(:away_minutes as integer))
            then visit.seen
        else visit.before
    end,
    before_at = case
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
where visit.educator_id = cast(:educator_id as bigint)
returning visit.educator_id;
