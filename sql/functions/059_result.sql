-- Letter and pass of an average, or of what a person set instead: an average goes by the scale; a
-- letter is the letter, and passes where its lowest average does. One that is not on the scale
-- decides no pass. `minimums` ascends; `letters` goes with it.
create or replace function classpulse.result(
    average numeric,
    override_average numeric,
    override_letter text,
    pass_mark numeric,
    letters text[],
    minimums numeric[],
    out letter text,
    out passed boolean
)
language sql immutable
as $$
    select
        case when override_letter is null then
            letters[width_bucket(
                case when override_average is null then average
                    else classpulse.rounded(override_average) end,
                minimums
            )]
            else override_letter
        end,
        case
            when override_average is not null
                then classpulse.rounded(override_average) >= pass_mark
            when override_letter is not null and override_letter = any(letters)
                then minimums[array_position(letters, override_letter)] >= pass_mark
            else average >= pass_mark
        end
$$;
