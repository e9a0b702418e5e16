-- Pass mark and letters of every section: its school's policy, else the default one. Of a policy
-- whose scale can't be read, the usual letters. `minimums` ascends; `letters` goes with it.
create or replace view classpulse.section_policies as
select
    section.id as section_id,
    policy.pass_mark,
    coalesce(scale.letters, usual.letters) as letters,
    coalesce(scale.minimums, usual.minimums) as minimums
from public.sections as section
cross join (
    values (
        array['F', 'D', 'D+', 'C', 'C+', 'B', 'B+', 'A', 'A+'],
        array[0, 60, 65, 70, 75, 80, 85, 90, 95]::numeric[]
    )
) as usual (letters, minimums)
cross join lateral (
    select candidate.pass_mark, candidate.letter_scale
    from (
        select own.pass_mark, own.letter_scale, case when own.school_id is null then 2 else 1 end as rank
        from public.grading_policies as own
        where own.school_id = section.school_id or own.school_id is null
        union all
        -- should somebody delete the default
        select 60, null::jsonb, 3
    ) as candidate
    order by candidate.rank
    limit 1
) as policy
left join lateral classpulse.readable_scale(policy.letter_scale) as scale on true;
