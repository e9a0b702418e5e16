-- What is filtered and sorted by: figures of the standing, or those of its part in one subject. A
-- join that nothing asks for is left out of the plan.
public.student_performance_summaries as standing
join classpulse.student_names as named on named.student_id = standing.student_id
left join classpulse.subject_standings as own
    on own.student_id = standing.student_id
    and own.section_id = standing.section_id
    and own.subject_id = cast(:basis_subject as bigint)
-- include: basis
