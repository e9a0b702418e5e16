-- Those of the page in full, each with its place in the order. One whose student is gone, which no
-- batch has seen yet, keeps its place and shows nothing.
select
    counted.total,
    numbered.student_id is not null as is_placed,
    numbered.student_id as key_id,
    numbered.section_id as key_section_id,
    numbered.key,
    numbered.section_key,
    numbered.section_place,
    numbered.name_key,
    standing.id,
    standing.student_number,
    standing.name,
    standing.first_name,
    standing.last_name,
    standing.email,
    standing.section_id,
    standing.section_name,
    standing.roll_number,
    standing.average_score,
    standing.average_if_missing_zero,
    standing.letter,
    standing.status,
    standing.attendance_percentage,
    standing.attendance_percentage_unexcused,
    standing.chronically_absent,
    standing.graded_count,
    standing.missing_count,
    standing.total_subjects,
    standing.passed_subjects,
    standing.failed_subjects,
    standing.override_average,
    standing.override_letter,
    standing.overridden,
    standing.grade_points,
    case
        when standing.id is null then null
        when whole.registers_expected is null then 'sessions'
        else 'calendar'
    end as absence_basis,
    case when standing.id is not null then
        classpulse.coverage_shown(
            whole.due_items, whole.due_items - standing.unmarked_items,
            coalesce(standing.own_registers_expected, whole.registers_expected),
            coalesce(standing.own_registers_taken, whole.registers_taken),
            standing.uncounted_count
        )
    end as coverage,
    own.average as own_average,
    classpulse.rounded(own.exact_average_if_missing_zero) as own_average_if_missing_zero,
    own.letter as own_letter,
    own.passed as own_passed,
    own.graded_count as own_graded_count,
    own.missing_count as own_missing_count,
    own.override_average as own_override_average,
    classpulse.shown_name(own.override_letter) as own_override_letter,
    own.override_average is not null or own.override_letter is not null as own_overridden,
    own.uncounted_count as own_uncounted_count
from counted
left join (
    (select page.*, row_number() over () as place from page) as numbered
    left join classpulse.standing_figures as standing
        on standing.id = numbered.student_id and standing.section_id = numbered.section_id
    left join public.performance_cache as whole
        on whole.section_id = numbered.section_id and whole.subject_id is null
    left join classpulse.subject_standings as own
        on own.student_id = numbered.student_id
        and own.section_id = numbered.section_id
        and own.subject_id = cast(:basis_subject as bigint)
) on true
order by numbered.place
