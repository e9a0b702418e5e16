-- name: educator
select educators.id, educators.role, educators.school_id, educators.is_active, account.session
from public.educators as educators
join classpulse.accounts as account on account.educator_id = educators.id
where lower(educators.email) = lower($1);

-- name: school_exists
select exists (select from public.schools as schools where schools.id = $1);

-- name: add_educator
insert into public.educators (email, full_name, role, school_id)
values ($1, $2, coalesce($3, 'educator'), $4)
returning id;

-- name: change_educator
-- what was not given stays
update public.educators
set full_name = $2, role = coalesce($3, role), school_id = coalesce($4, school_id)
where id = $1;

-- name: set_password
insert into classpulse.passwords (account_id, educator_id, hash)
select educators.account_id, educators.id, $2
from public.educators as educators
where educators.id = $1
on conflict (account_id) do update set
    educator_id = excluded.educator_id, hash = excluded.hash, changed_at = clock_timestamp();
