-- Passwords and tokens belong to a row of educators, not to its number: a row inserted later under
-- an old id is another account. The mark stands in the row itself, so that it follows the row
-- through dumps and restores, and every way of writing one gives a new row a mark of its own.
do $$
begin
    if exists (
        select from pg_attribute
        where attrelid = 'public.educators'::regclass
            and attname = 'account_id'
            and not attisdropped
    ) then
        -- of an earlier installation, whose tokens must not come back with a new one
        update public.educators set account_id = gen_random_uuid();
    else
        alter table public.educators
        add column account_id uuid not null default gen_random_uuid()
        constraint educators_account_id_is_one_educators_own unique;
    end if;
end
$$;

-- What a token must repeat to hold. A token that was signed elsewhere can't; it must be issued after
-- `since`.
create table classpulse.sessions (
    account_id uuid primary key,
    stamp uuid not null default gen_random_uuid(),
    since timestamptz not null default clock_timestamp()
);

alter table classpulse.passwords add column account_id uuid;
update classpulse.passwords as password set account_id = educator.account_id
from public.educators as educator where educator.id = password.educator_id;
delete from classpulse.passwords where account_id is null;
alter table classpulse.passwords
alter column account_id set not null,
drop constraint passwords_pkey,
add primary key (account_id);

insert into classpulse.sessions (account_id, since)
select educator.account_id, coalesce(password.changed_at, '-infinity')
from public.educators as educator
left join classpulse.passwords as password on password.account_id = educator.account_id;

alter table classpulse.visits add column account_id uuid;
update classpulse.visits as visit set account_id = educator.account_id
from public.educators as educator where educator.id = visit.educator_id;

-- A token that was refreshed lives on for a moment.
alter table classpulse.revoked_tokens
add column revoked_at timestamptz not null default clock_timestamp();
create index revoked_tokens_of_an_educator on classpulse.revoked_tokens (educator_id);
