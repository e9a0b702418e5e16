-- True once nothing that was committed at that snapshot waits to be folded in. It fails where that is
-- so but for sections that are set aside: how long they wait depends on what is in their rows.
create or replace function classpulse.is_folded_in(at_snapshot pg_snapshot, since timestamptz)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    waiting text;
begin
    if exists (
        select from classpulse.changes as change
        where pg_visible_in_snapshot(change.xid, at_snapshot)
    ) or exists (
        select from classpulse.stale_sections as section where section.marked_at <= since
    ) or exists (
        select from classpulse.stale_subjects as subject where subject.marked_at <= since
    ) or exists (
        select from classpulse.stale_days as section where section.marked_at <= since
    ) then
        return false;
    end if;
    select case count(*)
        when 0 then null
        when 1 then 'section ' || min(aside.section_id)
        else count(*) || ' sections, the first of them ' || min(aside.section_id)
    end
    into waiting
    from classpulse.set_aside as aside;
    if waiting is not null then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('all figures are up to date, but those of %s: set aside', waiting),
            hint = 'classpulse verify says why';
    end if;
    return true;
end
$$;
