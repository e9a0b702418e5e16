-- Takes out what classpulse brought and leaves the school's own tables and rows. The group roles
-- stay: they belong to the whole cluster. Dropping the schema drops the triggers, whose functions
-- live in it.
do $$
begin
    if to_regclass('classpulse.migrations') is null then
        return;
    end if;
    drop procedure if exists public.performance_wait;
    drop view if exists public.performance_status;
    drop schema classpulse cascade;
    drop table if exists public.performance_cache, public.student_performance_summaries;
end
$$;
