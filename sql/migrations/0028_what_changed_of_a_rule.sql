-- What changed of the rule of a section's subject, for those who are told of it; null where it was
-- more than one thing.
alter table classpulse.stale_subjects add column if not exists what jsonb;
