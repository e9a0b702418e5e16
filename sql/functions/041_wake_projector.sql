-- Called after the change was appended: who reads 1 here commits after the projector went to
-- sleep, and must wake it. NOTIFY forbids PREPARE TRANSACTION, and a full notification queue
-- would abort the user's commit; in both cases the projector polls instead. The capture functions
-- read the flag themselves, and call this only while it is 1.
create or replace function classpulse.wake_projector() returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if pg_sequence_last_value('classpulse.projector_asleep') = 1
        and current_setting('max_prepared_transactions') = '0'
        and pg_notification_queue_usage() < 0.5
    then
        perform pg_notify('classpulse_wake', '');
    end if;
end
$$;
