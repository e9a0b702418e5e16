-- Derives the trends of standings that wait for it, a few at a time, until the time is over. One
-- whose rows can't be calculated with is tried again in a minute and keeps no other waiting.
create or replace function classpulse.derive_trends(budget interval) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    started constant timestamptz := clock_timestamp();
    few integer := 20;
    students bigint[];
    sections bigint[];
begin
    loop
        select array_agg(due.student_id), array_agg(due.section_id) into students, sections
        from (
            select waiting.student_id, waiting.section_id
            from classpulse.due_trends as waiting
            where not exists (
                    select from classpulse.stale_sections as stale
                    where stale.section_id = waiting.section_id
                )
                and not exists (
                    select from classpulse.stale_subjects as stale
                    where stale.section_id = waiting.section_id
                )
            order by waiting.section_id, waiting.student_id
            limit few
        ) as due;
        exit when students is null;
        begin
            perform classpulse.fold_trends(
                students, sections, array_fill(null::bigint, array[cardinality(students)]),
                students, sections
            );
            delete from classpulse.stale_trends as stale
            using unnest(students, sections) as done (student_id, section_id)
            where stale.student_id = done.student_id and stale.section_id = done.section_id;
        exception
            when serialization_failure or deadlock_detected or lock_not_available then
                raise;
            when others then
                if few > 1 then
                    few := 1;
                else
                    update classpulse.stale_trends as stale set
                        retry_at = clock_timestamp() + interval '1 min',
                        problem = left(sqlerrm, 500)
                    where stale.student_id = students[1] and stale.section_id = sections[1];
                end if;
        end;
        exit when clock_timestamp() - started > budget;
    end loop;
end
$$;
