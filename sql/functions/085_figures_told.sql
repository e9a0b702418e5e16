-- Everything that the events of a batch tell, by kind and key. The columns of each kind are those of
-- the API. Nothing is begun of a kind that is not asked for: starting a query of a view takes longer
-- than most of them run.
drop function if exists classpulse.figures_told(
    bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[],
    bigint[], bigint[]
);
create or replace function classpulse.figures_told(
    pair_students bigint[],
    pair_sections bigint[],
    sections bigint[],
    subject_sections bigint[],
    subject_ids bigint[],
    mark_students bigint[],
    mark_sections bigint[],
    mark_subjects bigint[],
    students bigint[],
    exams bigint[],
    subject_names bigint[],
    categories bigint[]
)
returns table (kind text, a bigint, b bigint, c bigint, body text)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
    if pair_students <> '{}' then
        return query
        select 'standing', shown.id, shown.section_id, null::bigint, row_to_json(shown)::text
        from (
            select
                f.id, f.student_number, f.name, f.first_name, f.last_name, f.email,
                f.section_id, f.section_name, f.roll_number, f.average_score,
                f.average_if_missing_zero, f.letter, f.status, f.attendance_percentage,
                f.attendance_percentage_unexcused, f.chronically_absent, f.attended_sessions,
                f.total_sessions, f.present_sessions, f.late_sessions, f.absent_sessions,
                f.excused_sessions, f.graded_count, f.missing_count, f.total_subjects,
                f.passed_subjects, f.failed_subjects, f.override_average, f.override_letter,
                f.overridden, f.grade_points, f.absence_basis, f.coverage
            from unnest(pair_students, pair_sections) as asked (student_id, section_id)
            join classpulse.standing_figures as f
                on f.id = asked.student_id and f.section_id = asked.section_id
        ) as shown;
    end if;
    if sections <> '{}' then
        return query
        select
            'section', shown.section_id, shown.school_id, null::bigint,
            row_to_json(shown.figures)::text
        from (
            select f.section_id, f.school_id, figures
            from classpulse.section_figures as f
            cross join lateral (
                select
                    f.section_id, f.section_name, f.total_students, f.passed_students,
                    f.failed_students, f.no_data, f.pass_rate, f.average_score, f.highest_score,
                    f.lowest_score, f.attendance_average, f.grade_distribution,
                    f.subject_averages, f.present_sessions, f.late_sessions, f.absent_sessions,
                    f.excused_sessions, f.coverage
            ) as figures
            where f.section_id = any(sections)
        ) as shown;
    end if;
    if subject_sections <> '{}' then
        return query
        select
            'subject', shown.section_id, shown.subject_id, null::bigint, row_to_json(shown)::text
        from (
            select
                f.subject_id, f.subject_name, f.subject_code, f.section_id, f.section_name,
                f.total_students, f.passed_students, f.failed_students, f.no_data, f.pass_rate,
                f.average_score, f.highest_score, f.lowest_score, f.grade_distribution,
                f.coverage
            from unnest(subject_sections, subject_ids) as asked (section_id, subject_id)
            join classpulse.subject_figures as f
                on f.section_id = asked.section_id and f.subject_id = asked.subject_id
        ) as shown;
    end if;
    if mark_students <> '{}' then
        return query
        select
            'student_subject', shown.student_id, shown.section_id, shown.subject_id,
            row_to_json(shown)::text
        from (
            select
                f.student_id, f.section_id, f.subject_id, f.subject_name, f.subject_code,
                f.percentage, f.percentage_if_missing_zero, f.letter as grade_letter,
                f.passed as is_passed, f.graded_count, f.missing_count, f.override_average,
                f.override_letter, f.overridden, f.uncounted_count, f.categories, f.carried
            from unnest(mark_students, mark_sections, mark_subjects)
                as asked (student_id, section_id, subject_id)
            join classpulse.subject_standing_figures as f
                on f.student_id = asked.student_id
                and f.section_id = asked.section_id
                and f.subject_id = asked.subject_id
        ) as shown;
        -- by which a grade's own letter is read off
        return query
        select
            'scale', figures.section_id, asked.subject_id, null::bigint,
            json_build_object(
                'letters', coalesce(own.letters, figures.letters),
                'minimums', coalesce(own.minimums, figures.minimums)
            )::text
        from (
            select distinct mark.section_id, mark.subject_id
            from unnest(mark_sections, mark_subjects) as mark (section_id, subject_id)
        ) as asked
        join public.performance_cache as figures
            on figures.section_id = asked.section_id and figures.subject_id is null
        left join classpulse.subject_policies as own
            on own.section_id = asked.section_id and own.subject_id = asked.subject_id;
    end if;
    if students <> '{}' then
        return query
        select
            'student_name', student.id, student.school_id, null::bigint,
            json_build_object(
                'name',
                classpulse.shown_name(trim(student.first_name || ' ' || student.last_name)),
                'student_number', classpulse.shown_name(student.student_number)
            )::text
        from public.students as student
        where student.id = any(students);
        return query
        select
            'enrollment', enrollment.student_id, enrollment.section_id, null::bigint, null::text
        from public.enrollments as enrollment
        where enrollment.student_id = any(students);
    end if;
    if exams <> '{}' then
        return query
        select 'exam', shown.exam_id, shown.section_id, null::bigint, row_to_json(shown)::text
        from (
            select
                f.exam_id, f.exam_name, f.exam_date, f.total_marks, f.section_id, f.section_name,
                f.subject_id, f.subject_name, f.subject_code, f.students, f.graded, f.missing,
                f.excused, f.pending, f.average, f.category_id, f.category_name, f.weight,
                f.counts, f.extra_credit, f.never_drop, f.due_on
            from unnest(exams) as asked (exam_id)
            join classpulse.exam_figures as f on f.exam_id = asked.exam_id
        ) as shown;
    end if;
    if subject_names <> '{}' then
        return query
        select
            'subject_name', subject.id, null::bigint, null::bigint,
            to_json(classpulse.shown_name(subject.name))::text
        from public.subjects as subject
        where subject.id = any(subject_names);
    end if;
    if categories <> '{}' then
        return query
        select
            'category_name', category.id, null::bigint, null::bigint,
            to_json(classpulse.shown_name(category.name))::text
        from public.grade_categories as category
        where category.id = any(categories);
    end if;
end
$$;
