-- Gives these sections and their subjects the policies that are in force now; fold() must follow for
-- all of them.
create or replace function classpulse.apply_policies(section_ids bigint[]) returns void
language sql set search_path = pg_catalog, pg_temp
as $$
    update public.performance_cache as figures set
        pass_mark = policy.pass_mark,
        letters = policy.letters,
        minimums = policy.minimums,
        letter_points = policy.letter_points,
        carry_over = policy.carry_over,
        carries = policy.carries
    from classpulse.section_policies as policy
    where policy.section_id = figures.section_id
        and figures.subject_id is null
        and figures.section_id = any(section_ids);

    delete from classpulse.subject_policies as former
    where former.section_id = any(section_ids)
        and not exists (
            select from classpulse.policies_of_subjects as policy
            where policy.section_id = former.section_id and policy.subject_id = former.subject_id
        );
    insert into classpulse.subject_policies as former (
        section_id, subject_id, pass_mark, letters, minimums, letter_points, carry_over
    )
    select
        policy.section_id, policy.subject_id, policy.pass_mark, policy.letters, policy.minimums,
        policy.letter_points, policy.carry_over
    from classpulse.policies_of_subjects as policy
    where policy.section_id = any(section_ids)
    on conflict (section_id, subject_id) do update set
        pass_mark = excluded.pass_mark,
        letters = excluded.letters,
        minimums = excluded.minimums,
        letter_points = excluded.letter_points,
        carry_over = excluded.carry_over
    where (
        former.pass_mark, former.letters, former.minimums, former.letter_points,
        former.carry_over
    ) is distinct from (
        excluded.pass_mark, excluded.letters, excluded.minimums, excluded.letter_points,
        excluded.carry_over
    )
$$;
