-- The policy that holds for a section's subject now, and where it comes from: of no subject, or one
-- without its own, the section's.
drop function if exists classpulse.policy_in_force(bigint, bigint);
create or replace function classpulse.policy_in_force(of_section bigint, of_subject bigint)
returns table (
    pass_mark numeric,
    letters text[],
    minimums numeric[],
    letter_points jsonb,
    source text,
    policy_id bigint,
    updated_at timestamptz,
    carry_over boolean
)
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select
        found.pass_mark, found.letters, found.minimums, found.letter_points,
        coalesce(found.source, 'default'), found.policy_id, found.updated_at,
        found.carry_over
    from (
        select own.*, 1 as rank
        from classpulse.policies_of_subjects as own
        where own.section_id = of_section and own.subject_id = of_subject
        union all
        select
            whole.section_id, null, whole.pass_mark, whole.letters, whole.minimums,
            whole.letter_points, whole.source, whole.policy_id, whole.updated_at,
            whole.carry_over, 2
        from classpulse.section_policies as whole
        where whole.section_id = of_section
    ) as found
    order by found.rank
    limit 1
$$;
