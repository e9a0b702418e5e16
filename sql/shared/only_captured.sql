-- any role may hang our functions on a table of its own
if tg_table_name <> tg_argv[0] or tg_table_schema not in ('public', 'classpulse') then
    if not classpulse.is_captured(tg_relid, tg_argv[0]) then
        return null;
    end if;
end if;
