-- One row a standing and subject, as a student's page shows it.
create or replace view classpulse.subject_standing_figures as
select
    standing.student_id,
    standing.section_id,
    classpulse.shown_name(section.name) as section_name,
    standing.subject_id,
    classpulse.shown_name(subject.name) as subject_name,
    classpulse.shown_name(subject.code) as subject_code,
    standing.average as percentage,
    classpulse.rounded(standing.exact_average_if_missing_zero) as percentage_if_missing_zero,
    standing.letter,
    standing.passed,
    standing.graded_count,
    standing.missing_count,
    standing.exact_average,
    standing.override_average,
    classpulse.shown_name(standing.override_letter) as override_letter,
    standing.override_average is not null or standing.override_letter is not null as overridden,
    standing.uncounted_count,
    case when standing.categories is null then '[]' else
        (
            select coalesce(
                json_agg(
                    json_build_object(
                        'category_id', of_rows.category_id,
                        'name', classpulse.shown_name(category.name),
                        'weight', of_rows.weight,
                        'percentage', of_rows.percentage,
                        'graded', of_rows.graded,
                        'missing', of_rows.missing,
                        'dropped', cardinality(of_rows.dropped)
                    ) order by category.sort_order nulls last, category.name, of_rows.category_id
                ),
                '[]'
            )
            from jsonb_to_recordset(standing.categories) as of_rows (
                category_id bigint, weight numeric, percentage numeric, graded integer,
                missing integer, dropped bigint[]
            )
            left join public.grade_categories as category on category.id = of_rows.category_id
        )
    end as categories,
    case when standing.carried is null then '[]' else
        (
            select json_agg(
                json_build_object(
                    'section_id', former.id,
                    'section_name', classpulse.shown_name(former.name),
                    'grades', counted.n::bigint
                ) order by former.name, former.id
            )
            from jsonb_each_text(standing.carried) as counted (section, n)
            join public.sections as former on former.id = counted.section::bigint
        )
    end as carried
from classpulse.subject_standings as standing
join public.sections as section on section.id = standing.section_id
join public.subjects as subject on subject.id = standing.subject_id;
