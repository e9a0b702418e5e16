-- The rest of a large statement: `counted` holds its rows by section. A section with many of them
-- is one change, and its rows are `condensed`; the place 0 is that of the rows without a section.
bulk as (
    insert into classpulse.changes (source, operation, section_id, student_ids, row_count)
    select tg_argv[0], 'bulk', counted.section_id, counted.student_ids, counted.row_count
    from counted
    where touched > 2000 or counted.row_count > 500
    returning coalesce(section_id, 0) as place
)
select array_agg(bulk.place) into condensed from bulk;
