-- Of `standing`, `named` and `figures`: the section is one of these, and the filters let it through.
-- Through hundreds of sections the index would be looked through for each row: they are hashed.
case
    when cast(:many_sections as boolean)
        then standing.section_id + 0 = any(cast(:sections as bigint[]))
    else standing.section_id = any(cast(:sections as bigint[]))
end
and (
    cast(:subjects as bigint[]) is null
    or standing.section_id in (
        select taught.section_id from public.performance_cache as taught
        where taught.subject_id = any(cast(:subjects as bigint[]))
            and taught.section_id = any(cast(:sections as bigint[]))
    )
)
and (
    cast(:status as text) is null
    or case cast(:status as text)
        when 'pass' then figures.passed
        when 'fail' then not figures.passed
        else figures.passed is null
    end
)
and (
    cast(:min_average as numeric) is null
    or figures.average >= cast(:min_average as numeric)
)
and (
    cast(:max_average as numeric) is null
    or figures.average <= cast(:max_average as numeric)
)
and (
    cast(:attendance_below as numeric) is null
    or standing.attendance_percentage < cast(:attendance_below as numeric)
)
and (
    cast(:q as text) is null
    or named.words like all (classpulse.search_patterns(cast(:q as text)))
    or position(lower(cast(:q as text)) in named.number) > 0
)
