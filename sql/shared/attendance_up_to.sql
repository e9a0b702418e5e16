-- Attendance at the end of each period, of all that was `counted` up to then.
select
    summed.place,
    classpulse.rounded(classpulse.exact_percentage(summed.attended, summed.recorded)) as attendance,
    summed.recorded::bigint as attendance_n
from (
    select
        period.place,
        sum(counted.attended) over up_to as attended,
        sum(counted.recorded) over up_to as recorded
    from unnest(cast(:ends as date[])) with ordinality as period (end_date, place)
    left join counted on counted.place = period.place
    window up_to as (order by period.place)
) as summed
where summed.recorded is not null
order by summed.place
