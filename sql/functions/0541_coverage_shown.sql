-- What figures do not know, as answers and events tell it. (As written it is calculated in place.)
create or replace function classpulse.coverage_shown(
    due_items integer, unmarked_items integer, registers_expected integer, registers_taken integer,
    uncounted_count integer
) returns json
language sql stable parallel safe
return json_build_object(
    'due_items', due_items,
    'marked_items', due_items - unmarked_items,
    'registers_expected', registers_expected,
    'registers_taken', registers_taken,
    'uncounted_count', uncounted_count
);
