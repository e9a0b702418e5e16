-- True once nothing that was committed at that snapshot waits to be folded in.
create or replace function classpulse.is_folded_in(at_snapshot pg_snapshot, since timestamptz)
returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp
return not exists (
    select from classpulse.changes as change
    where pg_visible_in_snapshot(change.xid, at_snapshot)
) and not exists (
    select from classpulse.stale_sections as section where section.marked_at <= since
);
