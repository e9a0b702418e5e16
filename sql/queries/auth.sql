-- name: credentials
-- Who may log in under this e-mail, in whatever case it is written.
select educator.id, educator.role, password.hash
from public.educators as educator
left join classpulse.passwords as password on password.educator_id = educator.id
where lower(educator.email) = lower(cast(:email as text)) and educator.is_active;

-- name: revoke
insert into classpulse.revoked_tokens (jti, educator_id, expires_at)
values (
    cast(:jti as text),
    cast(:educator_id as bigint),
    to_timestamp(cast(:expires_at as double precision))
)
on conflict (jti) do nothing;
