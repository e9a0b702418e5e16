-- Pass mark and letters of every section: its own policy, else its school's, else the default one.
-- `minimums` ascends; `letters` goes with it.
create or replace view classpulse.section_policies as
select
    section.id as section_id,
    policy.pass_mark,
    scale.letters,
    scale.minimums,
    policy.letter_points,
    policy.source,
    policy.id as policy_id,
    policy.updated_at
from public.sections as section
cross join lateral (
    select candidate.*
    from (
        select
            own.pass_mark, own.letter_scale, own.letter_points, own.id, own.updated_at,
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
            null as source
    ) as candidate
    order by array_position(array['section', 'school', 'default'], candidate.source)
    limit 1
) as policy
cross join lateral classpulse.usable_scale(policy.letter_scale) as scale;
