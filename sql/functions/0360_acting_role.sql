-- The role that acts, by SET ROLE too: whatever function it is asked in, and whoever owns that.
create or replace function classpulse.acting_role() returns text
language sql stable
return coalesce(nullif(current_setting('role', true), 'none'), session_user);
