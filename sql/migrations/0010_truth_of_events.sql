-- Figures that the old rounding may have decided wrongly: made of long decimals, or next to a tie.
insert into classpulse.stale_sections (section_id, reason)
select standing.section_id, 'structure'
from classpulse.subject_standings as standing
where min_scale(standing.score_sum) + min_scale(standing.total_sum) > 8
    or min_scale(standing.total_sum + standing.missing_total) > 8
    or round(round(standing.exact_average, 16), 2) <> round(round(standing.exact_average, 23), 2)
    or round(round(standing.exact_average_if_missing_zero, 16), 2)
    <> round(round(standing.exact_average_if_missing_zero, 23), 2)
union
select summary.section_id, 'structure'
from public.student_performance_summaries as summary
where round(round(summary.exact_average, 16), 2) <> round(round(summary.exact_average, 23), 2)
union
select figures.section_id, 'structure'
from public.performance_cache as figures
cross join lateral (
    select
        round(
            figures.average_sum * 1.000000000000000000000000
            / nullif(figures.passed_students + figures.failed_students, 0), 24
        ) as exact
) as average
where round(round(average.exact, 16), 2) <> round(round(average.exact, 23), 2)
on conflict do nothing;

-- Where the turn of a term stands: the terms last told as current, and when to look next (null:
-- they are to be taken as they are, without a word).
create table classpulse.told_terms (
    school_id bigint not null,
    term_id bigint not null,
    primary key (school_id, term_id)
);
alter table classpulse.state add column next_turn timestamptz;

-- What a row left when it moved, so that those who asked for that alone learn of it. Last of all:
-- streams wait for the log from here to the end.
alter table classpulse.events
    add column former_student_id bigint,
    add column former_subject_id bigint,
    add column former_section_ids bigint[];
create index events_of_a_former_student
on classpulse.events (former_student_id, position) where former_student_id is not null;
