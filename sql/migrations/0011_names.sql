-- How a school writes its names, and what lists of students are sorted and searched by.
alter table public.schools
add column if not exists name_order text
    constraint schools_name_order_is_last_first_or_first_last
    check (name_order in ('last_first', 'first_last')),
add column if not exists locale text
    constraint schools_locale_is_a_language_such_as_de_or_fr_ca
    check (
        char_length(locale) <= 60
        and locale ~ '^[A-Za-z]{2,8}([-_@.][A-Za-z0-9=]+)*$'
    );

-- One row a student, kept up by the projector. No index on the keys: a list is a part of all
-- students, and a long name must never be too long for one.
create table classpulse.student_names (
    student_id bigint primary key,
    -- of the names and the school's locale that the rest was made of
    basis bigint not null,
    by_name text collate "C" not null,
    by_last_name text collate "C" not null,
    words text collate "C" not null,
    number text collate "C" not null
) with (fillfactor = 90);
