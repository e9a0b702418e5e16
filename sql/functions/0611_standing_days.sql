-- The registers of a standing with dates of its own (else null: they are its section's), and whether
-- it is chronically absent: absent or excused on at least a tenth of at least 10 enrolled school
-- days so far. Where the school has a calendar; `of_section_expected` are the section's own.
create or replace function classpulse.standing_days(
    of_student bigint, of_section bigint, first_day date, last_day date,
    of_section_expected integer
)
returns table (registers_expected integer, registers_taken integer, chronically_absent boolean)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
    school bigint;
    first_date date;
    last_date date;
    absent integer;
begin
    select
        section.school_id,
        coalesce(greatest(term.starts_on, first_day), '-infinity'),
        least(term.ends_on, last_day, classpulse.today_at(section.school_id))
    into school, first_date, last_date
    from public.sections as section
    left join public.terms as term on term.id = section.term_id
    where section.id = of_section;
    if first_day is not null or last_day is not null then
        select
            count(*),
            count(*) filter (where exists (
                select from classpulse.register_days as register
                where register.section_id = of_section and register.date = day.date
            ))
        into registers_expected, registers_taken
        from public.school_days as day
        where day.school_id = school
            and day.date between first_date and last_date
            and day.kind <> 'holiday';
    end if;
    chronically_absent := false;
    if coalesce(registers_expected, of_section_expected) >= 10 then
        select count(*) into absent
        from classpulse.absent_days as missed
        join public.school_days as day
            on day.school_id = school and day.date = missed.date and day.kind <> 'holiday'
        where missed.section_id = of_section
            and missed.student_id = of_student
            and missed.date between first_date and last_date;
        chronically_absent
            := absent * 10 >= coalesce(registers_expected, of_section_expected);
    end if;
    return next;
end
$$;
