-- Pass mark and letters of every section: its own policy, else its school's, else the default one.
-- `minimums` ascends; `letters` goes with it. `carries`: the policy, or that of any subject there,
-- carries grades of an earlier section over.
create or replace view classpulse.section_policies as
select
    section.id as section_id,
    policy.pass_mark,
    scale.letters,
    scale.minimums,
    policy.letter_points,
    policy.source,
    policy.id as policy_id,
    policy.updated_at,
    policy.carry_over,
    policy.carry_over or exists (
        select from classpulse.policies_of_subjects as own
        where own.section_id = section.id and own.carry_over
    ) as carries
from public.sections as section
cross join lateral (
    select candidate.*
    from (
        select
            own.pass_mark, own.letter_scale, own.letter_points, own.id, own.updated_at,
            own.carry_over,
            case
                when own.section_id is not null then 'section'
                when own.school_id is not null then 'school'
                else 'default'
            end as source
        from public.grading_policies as own
        where own.subject_id is null
            and (
                own.section_id = section.id
                or (
                    own.section_id is null
                    and (own.school_id = section.school_id or own.school_id is null)
                )
            )
        union all
        -- should somebody delete the default
        select 60, null::jsonb, null::jsonb, null::bigint, null::timestamptz,
            false, null as source
    ) as candidate
    order by array_position(array['section', 'school', 'default'], candidate.source)
    limit 1
) as policy
cross join lateral classpulse.usable_scale(policy.letter_scale) as scale;
