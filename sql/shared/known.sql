-- The columns that are asked for, of a row called `here`, in any table. A name that the row lacks is
-- looked up one level further out, in `absent`, and is null: so one function serves every table, and
-- one that somebody altered. Texts are one character longer than what is shown of them at most, so
-- that it is seen that they go on.
cross join (
    values (
        null, null, null, null, null, null, null, null, null, null, null, null, null, null,
        null, null, null, null, null, null, null, null, null, null, null, null, null, null,
        null, null, null, null, null, null, null, null, null
    )
) as absent (
    id, school_id, term_id, section_id, educator_id, student_id, subject_id, exam_id, name,
    locale, code, role, is_active, email, student_number, first_name, last_name, roll_number,
    exam_date, total_marks, score, status, graded_on, remarks, date, period, created_at,
    updated_at, category_id, weight, counts, extra_credit, never_drop, drop_lowest, drop_highest,
    average, letter
)
cross join lateral (
    select
        id, school_id, term_id, section_id, educator_id, student_id, subject_id, exam_id,
        left(name::text, 501) as name, left(locale::text, 501) as locale,
        left(code::text, 501) as code,
        left(role::text, 501) as role, is_active, left(email::text, 501) as email,
        left(student_number::text, 501) as student_number,
        left(first_name::text, 501) as first_name, left(last_name::text, 501) as last_name,
        roll_number, exam_date, total_marks, score, left(status::text, 501) as status, graded_on,
        left(remarks::text, 2001) as remarks, date, period, created_at, updated_at,
        category_id,
        -- what an item or a category weighs, if it is not as of one without a rule
        nullif(
            concat_ws(
                ' ', left(weight::text, 501), case counts::text when 'false' then 'uncounted' end,
                case extra_credit::text when 'true' then 'extra' end,
                case never_drop::text when 'true' then 'kept' end,
                left(drop_lowest::text, 501), left(drop_highest::text, 501)
            ),
            ''
        ) as rule,
        -- what a person set
        case when average is not null or letter is not null then
            json_build_object('average', average, 'letter', left(letter::text, 501))
        end as override
    from (select here.*) as there
) as known
