-- name: performers
-- The best and the weakest five standings of many sections, as answers.sql has them: only those with
-- at least half of their section's median number of graded rows, and nobody in both lists. Five
-- standings of the sections with the highest averages bound what the others can hold, so that few
-- sections are looked into.
with whole as materialized (
    select
        figures.section_id,
        figures.highest_score,
        figures.lowest_score,
        figures.graded_counts
    from public.performance_cache as figures
    where figures.section_id = any(cast(:sections as bigint[]))
        and figures.subject_id is null
        and figures.highest_score is not null
), first_of_top as materialized (
    select whole.section_id, classpulse.median_of_counts(whole.graded_counts) as graded_median
    from (select * from whole order by whole.highest_score desc limit 20) as whole
), least_of_top as materialized (
    select coalesce(
        (
            select summary.average
            from public.student_performance_summaries as summary
            join first_of_top on first_of_top.section_id = summary.section_id
            where summary.section_id = any(array(select first_of_top.section_id from first_of_top))
                and summary.average is not null
                and summary.graded_count * 2 >= first_of_top.graded_median
            order by summary.average desc
            offset 4 limit 1
        ),
        -1
    ) as average
), top_sections as materialized (
    select whole.section_id, classpulse.median_of_counts(whole.graded_counts) as graded_median
    from whole
    where whole.highest_score >= (select least_of_top.average from least_of_top)
), top as materialized (
    select
        standing.id,
        standing.section_id,
        row_number() over (
            order by
                standing.average_score desc, standing.by_name, standing.id, standing.section_id
        ) as place
    from classpulse.standing_figures as standing
    join top_sections on top_sections.section_id = standing.section_id
    where standing.section_id = any(array(select top_sections.section_id from top_sections))
        and standing.average_score >= (select least_of_top.average from least_of_top)
        and standing.graded_count * 2 >= top_sections.graded_median
    order by place
    limit 5
), first_of_low as materialized (
    select whole.section_id, classpulse.median_of_counts(whole.graded_counts) as graded_median
    from (select * from whole order by whole.lowest_score limit 20) as whole
), most_of_low as materialized (
    select coalesce(
        (
            select summary.average
            from public.student_performance_summaries as summary
            join first_of_low on first_of_low.section_id = summary.section_id
            where summary.section_id = any(array(select first_of_low.section_id from first_of_low))
                and summary.average is not null
                and summary.graded_count * 2 >= first_of_low.graded_median
                and summary.student_id not in (select top.id from top)
            order by summary.average
            offset 4 limit 1
        ),
        (select max(whole.highest_score) from whole)
    ) as average
), low_sections as materialized (
    select whole.section_id, classpulse.median_of_counts(whole.graded_counts) as graded_median
    from whole
    where whole.lowest_score <= (select most_of_low.average from most_of_low)
), low as (
    select
        standing.id,
        standing.section_id,
        row_number() over (
            order by standing.average_score, standing.by_name, standing.id, standing.section_id
        ) as place
    from classpulse.standing_figures as standing
    join low_sections on low_sections.section_id = standing.section_id
    where standing.section_id = any(array(select low_sections.section_id from low_sections))
        and standing.average_score <= (select most_of_low.average from most_of_low)
        and standing.graded_count * 2 >= low_sections.graded_median
        and standing.id not in (select top.id from top)
    order by place
    limit 5
)
select
    chosen.kind,
    -- include: performer_columns
from (
    select top.id, top.section_id, 'top' as kind, top.place from top
    union all
    select low.id, low.section_id, 'low' as kind, low.place from low
) as chosen
join classpulse.standing_figures as standing
    on standing.id = chosen.id and standing.section_id = chosen.section_id
order by chosen.kind, chosen.place;
