-- Gives these sections the policy that is in force now; fold() must follow for all of them.
create or replace function classpulse.apply_policies(section_ids bigint[]) returns void
language sql set search_path = pg_catalog, pg_temp
as $$
    update public.performance_cache as figures set
        pass_mark = policy.pass_mark,
        letters = policy.letters,
        minimums = policy.minimums
    from classpulse.section_policies as policy
    where policy.section_id = figures.section_id
        and figures.subject_id is null
        and figures.section_id = any(section_ids)
$$;
