-- What figures do not know, as answers and events tell it. (As written it is calculated in place.)
drop function if exists classpulse.coverage_shown(integer, integer, integer, integer, integer);
create or replace function classpulse.coverage_shown(
    due_items bigint, marked_items bigint, registers_expected bigint, registers_taken bigint,
    uncounted_count bigint
) returns json
language sql stable parallel safe
return json_build_object(
    'due_items', due_items,
    'marked_items', marked_items,
    'registers_expected', registers_expected,
    'registers_taken', registers_taken,
    'uncounted_count', uncounted_count
);
