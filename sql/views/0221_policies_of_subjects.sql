-- The same of each section's subject that has another policy than its section: the one of section
-- and subject, else, in a section without its own, the one of the subject.
create or replace view classpulse.policies_of_subjects as
select
    policy.section_id,
    policy.subject_id,
    policy.pass_mark,
    scale.letters,
    scale.minimums,
    policy.letter_points,
    policy.source,
    policy.id as policy_id,
    policy.updated_at,
    policy.carry_over
from (
    select
        own.section_id, own.subject_id, own.pass_mark, own.letter_scale, own.letter_points, own.id,
        own.updated_at, own.carry_over, 'section and subject' as source
    from public.grading_policies as own
    where own.section_id is not null and own.subject_id is not null
    union all
    select
        section.id, own.subject_id, own.pass_mark, own.letter_scale, own.letter_points, own.id,
        own.updated_at, own.carry_over, 'subject' as source
    from public.grading_policies as own
    join public.sections as section on section.school_id = own.school_id
    where own.section_id is null
        and own.subject_id is not null
        and not exists (
            select from public.grading_policies as closer
            where closer.section_id = section.id
                and (closer.subject_id is null or closer.subject_id = own.subject_id)
        )
) as policy
cross join lateral classpulse.usable_scale(policy.letter_scale) as scale;
