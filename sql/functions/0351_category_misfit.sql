-- Why a category can't hold what belongs to a section and a subject, in plain words; null if it can,
-- or is not there: that is for the foreign key to say.
create or replace function classpulse.category_misfit(
    of_category bigint, what text, of_section bigint, of_subject bigint
) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select
        case
            when category.section_id <> of_section then format(
                'category %s (%s) belongs to section %s: %s of section %s can''t be in it',
                category.id, classpulse.shown_name(category.name), category.section_id, what,
                of_section
            )
            when category.subject_id <> of_subject then format(
                'category %s (%s) belongs to subject %s: %s of subject %s can''t be in it',
                category.id, classpulse.shown_name(category.name), category.subject_id, what,
                of_subject
            )
            when category.school_id <> section.school_id then format(
                'category %s (%s) belongs to school %s: %s of school %s can''t be in it',
                category.id, classpulse.shown_name(category.name), category.school_id, what,
                section.school_id
            )
        end
    from public.grade_categories as category
    left join public.sections as section on section.id = of_section
    where category.id = of_category
$$;
