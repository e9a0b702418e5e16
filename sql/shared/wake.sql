-- The change was appended before, so who reads 1 here commits after the projector went to sleep,
-- and must wake it. (Postgres evaluates this without a statement, which a subquery would be.)
if pg_sequence_last_value('classpulse.projector_asleep') = 1 then
    perform classpulse.wake_projector();
end if;
return null;
