-- The grade points of a letter; null where the policy has none, or none that can be read.
create or replace function classpulse.points_of(letter_points jsonb, letter text) returns numeric
language sql immutable
as $$
    select
        case
            when jsonb_typeof(letter_points) = 'object'
                and length(letter_points ->> letter) < 100
                and letter_points ->> letter ~ '^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,2})?\s*$'
                then (letter_points ->> letter)::numeric
        end
$$;
