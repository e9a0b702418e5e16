-- A subject of a standing by the rule of its gradebook: categories with their weights, what is left
-- out, items that don't count. The only place that holds the rule; where nothing of it is set, the
-- average is Σ score / Σ total, and this is not asked.
-- Averages are percentages, as fractions in lowest terms (null where there is none) and to as many
-- places as figures are carried. `categories` are those that graded or missing rows are in, each with
-- its weight, fraction, percentage, rows graded and missing, and the grades that are left out.
-- `uncounted_count` are the rows that count nowhere because other categories have a weight and theirs
-- has none. `carried` are graded rows of sections that the student has left: how many of which. With
-- a date, of the rows dated up to then, by `of_zone`'s day where a row has no other date.
drop function if exists classpulse.subject_by_rule(bigint, bigint, bigint);
create or replace function classpulse.subject_by_rule(
    of_student bigint,
    of_section bigint,
    of_subject bigint,
    up_to date default 'infinity',
    of_zone text default 'UTC',
    out graded_count integer,
    out missing_count integer,
    out score_sum numeric,
    out total_sum numeric,
    out missing_total numeric,
    out exact_average numeric,
    out exact_average_if_missing_zero numeric,
    out uncounted_count integer,
    out categories jsonb,
    out numerator numeric,
    out denominator numeric,
    out numerator_if_missing_zero numeric,
    out denominator_if_missing_zero numeric,
    out carried jsonb
)
-- called for one standing after another: its statements are planned once, whatever the caller chose
language plpgsql stable set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    -- missing work is left out at first, then it is a score of 0
    with_missing boolean := false;
    category record;
    share record;
    fraction record;
    average record;
    candidates integer[];
    rest integer[];
    dropped integer[];
    fixed_part numeric;
    fixed_whole numeric;
    part numeric;
    whole numeric;
    place integer;
    -- what stays of all categories: in points, and row by row where items have weights
    pool_score numeric;
    pool_total numeric;
    pool_scores numeric[];
    pool_totals numeric[];
    pool_weights numeric[];
    pool_extras boolean[];
    has_weights boolean;
    has_item_weights boolean;
    uncounted integer;
    weight_sum numeric;
    weighted_part numeric;
    weighted_whole numeric;
begin
    carried := (
        select jsonb_object_agg(earned.section_id, earned.n)
        from (
            select row.earned_in as section_id, count(*) as n
            from classpulse.carried_grades as row
            where row.student_id = of_student
                and row.section_id = of_section
                and row.subject_id = of_subject
                and row.status = 'graded'
                and row.counts
            group by row.earned_in
        ) as earned
    );
    graded_count := 0;
    missing_count := 0;
    missing_total := 0;
    categories := '[]';
    loop
        pool_score := 0;
        pool_total := 0;
        pool_scores := '{}';
        pool_totals := '{}';
        pool_weights := '{}';
        pool_extras := '{}';
        has_weights := false;
        has_item_weights := false;
        uncounted := 0;
        weight_sum := 0;
        weighted_part := 0;
        weighted_whole := 1;
        for category in
            select
                grouped.*,
                bool_or(grouped.weight is not null and grouped.n > 0) over () as has_weights
            from (
                select
                    counted.category_id,
                    known.weight,
                    coalesce(known.drop_lowest, 0) as drop_lowest,
                    coalesce(known.drop_highest, 0) as drop_highest,
                    count(*) filter (where not counted.is_missing)::integer as graded,
                    count(*) filter (where counted.is_missing)::integer as missing,
                    coalesce(sum(counted.total) filter (where counted.is_missing), 0)
                        as missing_total,
                    count(*) filter (where counted.is_in)::integer as n,
                    coalesce(sum(counted.score) filter (where counted.is_in), 0) as score,
                    coalesce(
                        sum(counted.total) filter (where counted.is_in and not counted.is_extra), 0
                    ) as total,
                    counted.has_item_weights,
                    -- row by row only where something may be left out, or items have weights
                    array_agg(counted.id order by counted.place) filter (where needed.is_row)
                        as ids,
                    array_agg(counted.score order by counted.place) filter (where needed.is_row)
                        as scores,
                    array_agg(counted.total order by counted.place) filter (where needed.is_row)
                        as totals,
                    array_agg(counted.weight order by counted.place) filter (where needed.is_row)
                        as weights,
                    array_agg(counted.is_extra order by counted.place) filter (where needed.is_row)
                        as extras,
                    array_agg(counted.is_fixed order by counted.place) filter (where needed.is_row)
                        as fixed
                from (
                    select
                        row.*,
                        coalesce(
                            bool_or(row.weight is not null) filter (where row.is_in) over (), false
                        ) as has_item_weights,
                        row_number() over (order by row.day nulls last, row.id) as place
                    from (
                        select
                            grade.id,
                            grade.category_id,
                            grade.status = 'missing' as is_missing,
                            grade.status = 'graded' or with_missing as is_in,
                            case when grade.status = 'missing' then 0 else grade.score end
                                as score,
                            grade.total_marks as total,
                            grade.weight,
                            grade.extra_credit as is_extra,
                            grade.never_drop or grade.extra_credit as is_fixed,
                            coalesce(grade.exam_date, grade.graded_on) as day
                        from classpulse.counted_grades as grade
                        where grade.student_id = of_student
                            -- as rows, so that the index of a standing's grades is taken
                            and (grade.student_id, grade.section_id, grade.subject_id)
                            >= (of_student, of_section, of_subject)
                            and (grade.student_id, grade.section_id, grade.subject_id)
                            <= (of_student, of_section, of_subject)
                            and grade.status in ('graded', 'missing')
                            and grade.counts
                            and (
                                up_to = 'infinity'
                                or classpulse.dated(
                                    grade.graded_on, grade.exam_date, grade.created_at, of_zone
                                ) <= up_to
                            )
                    ) as row
                ) as counted
                left join public.grade_categories as known on known.id = counted.category_id
                cross join lateral (
                    select
                        counted.is_in and (
                            counted.has_item_weights
                            or coalesce(known.drop_lowest + known.drop_highest, 0) > 0
                        ) as is_row
                ) as needed
                group by
                    counted.category_id, known.weight, known.drop_lowest, known.drop_highest,
                    counted.has_item_weights
            ) as grouped
            order by grouped.category_id nulls last
        loop
            dropped := '{}';
            fraction := null;
            has_weights := category.has_weights;
            has_item_weights := category.has_item_weights;
            if category.n > 0 then
                part := category.score;
                whole := category.total;
                if category.ids is not null then
                    share := classpulse.shares(
                        category.scores, category.totals, category.weights, category.extras
                    );
                    if category.drop_lowest + category.drop_highest > 0 then
                        candidates := '{}';
                        fixed_part := 0;
                        fixed_whole := 0;
                        for place in 1 .. cardinality(category.fixed) loop
                            if category.fixed[place] then
                                fixed_part := fixed_part + share.parts[place];
                                fixed_whole := fixed_whole + share.wholes[place];
                            else
                                candidates := candidates || place;
                            end if;
                        end loop;
                        dropped := classpulse.left_out_of(
                            candidates, share.parts, share.wholes, fixed_part, fixed_whole,
                            category.drop_lowest, 1
                        );
                        if category.drop_highest > 0 then
                            rest := array(
                                select candidate from unnest(candidates) as candidate
                                where candidate <> all(dropped) order by candidate
                            );
                            dropped := dropped || classpulse.left_out_of(
                                rest, share.parts, share.wholes, fixed_part, fixed_whole,
                                category.drop_highest, -1
                            );
                        end if;
                    end if;
                    part := 0;
                    whole := 0;
                    for place in 1 .. cardinality(category.fixed) loop
                        continue when place = any(dropped);
                        part := part + share.parts[place];
                        whole := whole + share.wholes[place];
                        if has_item_weights and not has_weights then
                            pool_scores := pool_scores || category.scores[place];
                            pool_totals := pool_totals || category.totals[place];
                            pool_weights := pool_weights || coalesce(category.weights[place], 1);
                            pool_extras := pool_extras || category.extras[place];
                        end if;
                    end loop;
                end if;
                fraction := classpulse.reduced(part * 100, whole);
                if category.weight > 0 then
                    if fraction.denominator is not null then
                        weighted_part := weighted_part * fraction.denominator
                            + category.weight * fraction.numerator * weighted_whole;
                        weighted_whole := weighted_whole * fraction.denominator;
                        weight_sum := weight_sum + category.weight;
                    end if;
                else
                    uncounted := uncounted + category.n - cardinality(dropped);
                end if;
                pool_score := pool_score + category.score;
                pool_total := pool_total + category.total;
                foreach place in array dropped loop
                    pool_score := pool_score - category.scores[place];
                    if not category.extras[place] then
                        pool_total := pool_total - category.totals[place];
                    end if;
                end loop;
            end if;
            if not with_missing then
                graded_count := graded_count + category.graded;
                missing_count := missing_count + category.missing;
                missing_total := missing_total + category.missing_total;
                if category.category_id is not null then
                    categories := categories || jsonb_build_object(
                        'category_id', category.category_id,
                        'weight', category.weight,
                        'fraction', case when category.n > 0
                            then fraction.numerator || '/' || fraction.denominator end,
                        'percentage', case when category.n > 0 then classpulse.rounded(
                            classpulse.quotient(fraction.numerator, fraction.denominator)
                        ) end,
                        'graded', category.graded,
                        'missing', category.missing,
                        'dropped', case
                            when dropped = '{}' then '{}'::bigint[]
                            else array(
                                select category.ids[gone] from unnest(dropped) as gone order by 1
                            )
                        end
                    );
                end if;
            end if;
        end loop;

        if has_weights then
            average := classpulse.reduced(weighted_part, weighted_whole * least(weight_sum, 100));
        else
            uncounted := 0;
            if has_item_weights then
                share := classpulse.shares(pool_scores, pool_totals, pool_weights, pool_extras);
                average := classpulse.reduced(
                    (select sum(one) from unnest(share.parts) as one) * 100,
                    (select sum(one) from unnest(share.wholes) as one)
                );
            else
                average := classpulse.reduced(pool_score * 100, pool_total);
            end if;
        end if;
        if with_missing then
            numerator_if_missing_zero := average.numerator;
            denominator_if_missing_zero := average.denominator;
            exit;
        end if;
        numerator := average.numerator;
        denominator := average.denominator;
        uncounted_count := uncounted;
        score_sum := pool_score;
        total_sum := pool_total;
        if missing_count = 0 then
            numerator_if_missing_zero := numerator;
            denominator_if_missing_zero := denominator;
            exit;
        end if;
        with_missing := true;
    end loop;
    exact_average := classpulse.quotient(numerator, denominator);
    exact_average_if_missing_zero
        := classpulse.quotient(numerator_if_missing_zero, denominator_if_missing_zero);
end
$$;
