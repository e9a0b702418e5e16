-- Why a grade counts in no average; null if it does. `categories` are those of its standing and
-- subject, as subject_by_rule() gives them, null where no rule is set.
create or replace function classpulse.why_not(
    grade_id bigint, status text, item_counts boolean, category_id bigint, categories jsonb
) returns text
language sql immutable
as $$
    select
        case
            when status <> 'graded' then status
            when not item_counts then 'item does not count'
            when categories is null then null
            when categories @> jsonb_build_array(
                jsonb_build_object('dropped', jsonb_build_array(grade_id))
            ) then 'dropped'
            when jsonb_path_exists(categories, '$[*] ? (@.graded > 0 && @.weight != null)')
                and not jsonb_path_exists(
                    categories, '$[*] ? (@.category_id == $id && @.weight > 0)',
                    jsonb_build_object('id', category_id)
                )
                then 'no weighted category'
        end
$$;
