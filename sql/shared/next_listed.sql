-- Those that come after the cursor in the order asked for; unknown values come last either way.
select listed.*
from listed
where cast(:after_id as bigint) is null
    or case
        when cast(:sort as text) = 'name' then
            (listed.name_key = cast(:after_name as text) and listed.id > cast(:after_id as bigint))
            or case
                when cast(:descending as boolean) then listed.name_key < cast(:after_name as text)
                else listed.name_key > cast(:after_name as text)
            end
        when cast(:after_key as numeric) is null
            then listed.key is null and listed.id > cast(:after_id as bigint)
        else listed.key is null
            or (listed.key, listed.id)
            > (cast(:after_key as numeric), cast(:after_id as bigint))
    end
order by
    case when not cast(:descending as boolean) then listed.name_key end,
    case when cast(:descending as boolean) then listed.name_key end desc,
    listed.key,
    listed.id
limit cast(:limit as bigint)
