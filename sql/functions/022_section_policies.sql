-- Pass mark and letters of every section: its school's policy, else the default one.
-- `minimums` ascends, as width_bucket wants it; `letters` goes with it.
create or replace view classpulse.section_policies as
select
    section.id as section_id,
    policy.pass_mark,
    scale.letters,
    scale.minimums
from public.sections as section
cross join lateral (
    select candidate.pass_mark, candidate.letter_scale
    from (
        select own.pass_mark, own.letter_scale, case when own.school_id is null then 2 else 1 end as rank
        from public.grading_policies as own
        where own.school_id = section.school_id or own.school_id is null
        union all
        -- should somebody delete the default
        select 60, '{"A+": 95, "A": 90, "B+": 85, "B": 80, "C+": 75,
                     "C": 70, "D+": 65, "D": 60, "F": 0}'::jsonb, 3
    ) as candidate
    order by candidate.rank
    limit 1
) as policy
cross join lateral (
    select
        array_agg(entry.letter order by entry.minimum) as letters,
        array_agg(entry.minimum order by entry.minimum) as minimums
    from classpulse.scale(policy.letter_scale) as entry
) as scale;
