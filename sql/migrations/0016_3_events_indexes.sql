-- Third: events that concern no section have readers, too, and proofs of life are found without a
-- look at the rest. Only the projector waits for these. The name of the log's own index is wanted.
create index events_of_a_school on classpulse.events (school_id, position)
where educator_id is null and section_ids = '{}';
create index events_of_an_educator on classpulse.events (educator_id, position)
where educator_id is not null;
create index events_canaries on classpulse.events (position) where type = '_canary';
