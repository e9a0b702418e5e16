-- What a token must repeat. The role is part of it, so that a changed one ends all tokens also where
-- no trigger could see the change. Without a `set` it is taken into the query that calls it.
create or replace function classpulse.session_name(account uuid, stamp uuid, role text) returns text
language sql stable
return left(encode(sha256(convert_to(
    account::text || '/' || coalesce(stamp::text, '') || '/' || role, 'UTF8'
)), 'hex'), 32);
