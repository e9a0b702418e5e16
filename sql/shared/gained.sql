-- What a series, a `side` with its sign, has at a date more than at the one before.
side.sign * (
    coalesce(side.exact_average, 0)
    - coalesce(lag(side.exact_average) over up_to, 0)
) as average_sum,
side.sign * (
    (side.exact_average is not null)::integer
    - (lag(side.exact_average) over up_to is not null)::integer
) as averages,
side.sign * (
    coalesce(side.passed, false)::integer
    - coalesce(lag(side.passed) over up_to, false)::integer
) as passed,
side.sign * (
    coalesce(not side.passed, false)::integer
    - coalesce(not lag(side.passed) over up_to, false)::integer
) as failed
