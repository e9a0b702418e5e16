-- The foreign keys that the school's tables were made with and have no more: a table that was
-- exchanged for a copy brings none, and those of others stay with the old one.
create or replace view classpulse.missing_references as
select
    format(
        'public.%s has no foreign key to public.%s, so that rows may point nowhere: '
        'alter table public.%s add foreign key (%s) references public.%s (%s)%s deferrable',
        expected.source, expected.target, expected.source, expected.columns, expected.target,
        coalesce(expected.keys, 'id'), coalesce(' ' || expected.actions, '')
    ) as sentence
from (
    values
    ('terms', 'school_id', 'schools', null, null),
    ('educators', 'school_id', 'schools', null, null),
    ('sections', 'school_id', 'schools', null, null),
    ('sections', 'term_id', 'terms', null, null),
    ('section_educators', 'section_id', 'sections', null, 'on delete cascade'),
    ('section_educators', 'educator_id', 'educators', null, 'on delete cascade'),
    ('subjects', 'school_id', 'schools', null, null),
    ('students', 'school_id', 'schools', null, null),
    ('enrollments', 'student_id', 'students', null, 'on delete cascade'),
    ('enrollments', 'section_id', 'sections', null, null),
    ('exams', 'section_id', 'sections', null, null),
    ('exams', 'subject_id', 'subjects', null, null),
    ('grades', 'student_id', 'students', null, 'on delete cascade'),
    ('grades', 'section_id', 'sections', null, null),
    ('grades', 'subject_id', 'subjects', null, null),
    (
        'grades', 'exam_id, section_id, subject_id', 'exams', 'id, section_id, subject_id',
        'on delete cascade on update cascade'
    ),
    ('attendance', 'student_id', 'students', null, 'on delete cascade'),
    ('attendance', 'section_id', 'sections', null, null),
    ('grading_policies', 'school_id', 'schools', null, 'on delete cascade'),
    ('grading_policies', 'section_id', 'sections', null, 'on delete cascade'),
    ('grading_policies', 'subject_id', 'subjects', null, 'on delete cascade'),
    ('exams', 'category_id', 'grade_categories', null, 'on delete set null'),
    ('grades', 'category_id', 'grade_categories', null, 'on delete set null'),
    ('grade_categories', 'school_id', 'schools', null, null),
    ('grade_categories', 'section_id', 'sections', null, 'on delete cascade'),
    ('grade_categories', 'subject_id', 'subjects', null, 'on delete cascade'),
    ('grade_overrides', 'student_id', 'students', null, 'on delete cascade'),
    ('grade_overrides', 'section_id', 'sections', null, 'on delete cascade'),
    ('grade_overrides', 'subject_id', 'subjects', null, 'on delete cascade'),
    ('supports', 'student_id', 'students', null, 'on delete cascade'),
    ('supports', 'section_id', 'sections', null, 'on delete set null'),
    ('supports', 'opened_by', 'educators', null, 'on delete set null on update cascade'),
    ('school_days', 'school_id', 'schools', null, 'on delete cascade')
) as expected (source, columns, target, keys, actions)
where not exists (
    select from pg_catalog.pg_constraint as made
    where made.contype = 'f'
        and made.conrelid = to_regclass('public.' || expected.source)
        and made.confrelid = to_regclass('public.' || expected.target)
        and expected.columns = (
            select string_agg(a.attname, ', ' order by key.position)
            from unnest(made.conkey) with ordinality as key (attnum, position)
            join pg_catalog.pg_attribute as a
                on a.attrelid = made.conrelid and a.attnum = key.attnum
        )
);
