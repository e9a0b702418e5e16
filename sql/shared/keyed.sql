-- What tells a row from all others: its id, or the two that it joins.
cross join lateral (
    select
        coalesce(known.id::bigint, known.section_id::bigint, known.school_id::bigint) as key,
        case when known.id is null
            then coalesce(
                known.student_id::bigint, known.educator_id::bigint,
                known.date::date - date '2000-01-01'
            )
            else 0
        end as rest_of_key
) as keyed
