-- How many pass: from the cached figures where these tell it.
select case
    when cast(:min_average as numeric) is null
        and cast(:max_average as numeric) is null
        and cast(:attendance_below as numeric) is null
        and cast(:q as text) is null
        and (cast(:status as text) is null or cast(:basis_subject as bigint) is null)
        then (
            select coalesce(
                sum(
                    case cast(:status as text)
                        when 'pass' then whole.passed_students
                        when 'fail' then whole.failed_students
                        when 'no_data' then whole.no_data
                        else whole.total_students
                    end
                ),
                0
            )
            from public.performance_cache as whole
            where whole.subject_id is null
                and whole.section_id = any(cast(:sections as bigint[]))
                and (
                    cast(:subjects as bigint[]) is null
                    or whole.section_id in (
                        select taught.section_id from public.performance_cache as taught
                        where taught.subject_id = any(cast(:subjects as bigint[]))
                            and taught.section_id = any(cast(:sections as bigint[]))
                    )
                )
        )
    else (
        select count(*)
        from public.student_performance_summaries as standing
        left join classpulse.student_names as named on named.student_id = standing.student_id
        left join classpulse.subject_standings as own
            on own.student_id = standing.student_id
            and own.section_id = standing.section_id
            and own.subject_id = cast(:basis_subject as bigint)
        -- include: basis
        where
            -- include: passing
    )
end as total
