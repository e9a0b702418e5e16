cross join lateral (
    select
        case
            when cast(:basis_subject as bigint) is null then standing.passed else own.passed
        end as passed,
        case
            when cast(:basis_subject as bigint) is null then standing.average else own.average
        end as average,
        case
            when cast(:basis_subject as bigint) is null then standing.average_if_missing_zero
            else classpulse.rounded(own.exact_average_if_missing_zero)
        end as average_if_missing_zero,
        case
            when cast(:basis_subject as bigint) is null then standing.graded_count
            else own.graded_count
        end as graded_count,
        case
            when cast(:basis_subject as bigint) is null then standing.missing_count
            else own.missing_count
        end as missing_count
) as figures
