-- name: credentials
-- Who may log in under this e-mail, in whatever case it is written. The session is read together
-- with the password: a new one that is set meanwhile ends what the old one opens.
select educator.id, account.session, password.hash
from public.educators as educator
join classpulse.accounts as account on account.educator_id = educator.id
left join classpulse.passwords as password on password.account_id = educator.account_id
where lower(educator.email) = lower(cast(:email as text)) and educator.is_active;

-- name: revoke
-- A token ends now, or after a grace. Once it is to end, nothing makes that later.
insert into classpulse.revoked_tokens as known (jti, educator_id, expires_at, revoked_at)
values (
    cast(:jti as text),
    cast(:educator_id as bigint),
    to_timestamp(cast(:expires_at as double precision)),
    clock_timestamp() + make_interval(secs => cast(:grace_seconds as double precision))
)
on conflict (jti) do update set revoked_at = least(known.revoked_at, excluded.revoked_at);

-- name: end_sessions
select classpulse.end_sessions(educator.account_id)
from public.educators as educator
where educator.id = cast(:educator_id as bigint);
