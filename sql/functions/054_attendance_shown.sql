-- What is shown of a standing's sessions. Where presence is never recorded, no percentage is known.
create or replace function classpulse.attendance_shown(
    present bigint, late bigint, absent bigint, excused bigint, is_known boolean
)
returns table (percentage numeric, percentage_unexcused numeric, chronically_absent boolean)
language sql immutable
as $$
    select
        case when is_known then classpulse.rounded(
            classpulse.exact_percentage(present + late, present + late + absent + excused)
        ) end,
        case when is_known then classpulse.rounded(
            classpulse.exact_percentage(present + late, present + late + absent)
        ) end,
        present + late + absent + excused >= 10
        and (absent + excused) * 10 >= present + late + absent + excused
$$;
