-- name: as_of
-- Where the figures of this snapshot stand in the log, and which sections' are older.
select
    state.epoch || '-' || state.position as as_of,
    state.as_of_time,
    array(select aside.section_id from classpulse.set_aside as aside) as set_aside
from classpulse.state;

-- name: no_letters
-- The letters of the policy that holds at a school, else of the default one, each at 0.
select json_object_agg(letter.name, 0 order by letter.place desc) as grade_distribution
from (
    select candidate.letter_scale
    from (
        select own.letter_scale, case when own.school_id is null then 2 else 1 end as rank
        from public.grading_policies as own
        where own.section_id is null
            and own.subject_id is null
            and (own.school_id = cast(:school_id as bigint) or own.school_id is null)
        union all
        -- should somebody delete the default
        select null::jsonb, 3
    ) as candidate
    order by candidate.rank
    limit 1
) as policy
cross join lateral classpulse.usable_scale(policy.letter_scale) as scale
cross join lateral unnest(scale.letters) with ordinality as letter (name, place);

-- name: performers
-- The best and the weakest standings, of each section (`each`) or of all these sections together:
-- only those with at least half of their section's median number of graded rows, and nobody in
-- both lists.
with medians as materialized (
    select figures.section_id, classpulse.median_of_counts(figures.graded_counts) as graded_median
    from public.performance_cache as figures
    where figures.section_id = any(cast(:sections as bigint[])) and figures.subject_id is null
), eligible as materialized (
    select
        standing.id,
        standing.section_id,
        standing.by_name,
        standing.average_score,
        case when cast(:each as boolean) then standing.section_id else 0 end as cohort
    from classpulse.standing_figures as standing
    join medians on medians.section_id = standing.section_id
    where standing.section_id = any(cast(:sections as bigint[]))
        and standing.average_score is not null
        and standing.graded_count * 2 >= medians.graded_median
        and (
            cast(:subjects as bigint[]) is null
            or exists (
                select from public.performance_cache as figures
                where figures.section_id = standing.section_id
                    and figures.subject_id = any(cast(:subjects as bigint[]))
            )
        )
        and (cast(:status as text) is null or standing.status = cast(:status as text))
        and (
            cast(:min_average as numeric) is null
            or standing.average_score >= cast(:min_average as numeric)
        )
        and (
            cast(:max_average as numeric) is null
            or standing.average_score <= cast(:max_average as numeric)
        )
        and (
            cast(:attendance_below as numeric) is null
            or standing.attendance_percentage < cast(:attendance_below as numeric)
        )
        and (
            cast(:q as text) is null
            or standing.words like all (classpulse.search_patterns(cast(:q as text)))
            or position(lower(cast(:q as text)) in standing.number_searched) > 0
        )
), ranked as (
    select
        eligible.*,
        row_number() over (
            partition by eligible.cohort
            order by eligible.average_score desc, eligible.by_name, eligible.id, eligible.section_id
        ) as place
    from eligible
), top as materialized (
    select ranked.id, ranked.section_id, ranked.cohort, ranked.place
    from ranked
    where ranked.place <= cast(:top_count as integer)
), low as (
    select
        eligible.id,
        eligible.section_id,
        eligible.cohort,
        row_number() over (
            partition by eligible.cohort
            order by eligible.average_score, eligible.by_name, eligible.id, eligible.section_id
        ) as place
    from eligible
    where not exists (
            select from top where top.cohort = eligible.cohort and top.id = eligible.id
        )
)
select
    nullif(chosen.cohort, 0) as cohort,
    chosen.kind,
    -- include: performer_columns
from (
    select top.id, top.section_id, top.cohort, 'top' as kind, top.place
    from top
    union all
    select low.id, low.section_id, low.cohort, 'low' as kind, low.place
    from low
    where low.place <= cast(:low_count as integer)
) as chosen
join classpulse.standing_figures as standing
    on standing.id = chosen.id and standing.section_id = chosen.section_id
order by chosen.cohort, chosen.kind, chosen.place;
