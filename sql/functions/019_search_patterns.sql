-- What classpulse.search_text of a name has to be LIKE, all of it, to be found by these words.
-- One or two letters stand at the beginning of a word, three or more anywhere; so do those of a
-- writing that puts no spaces between its words.
create or replace function classpulse.search_patterns(q text) returns text[]
language plpgsql immutable parallel safe
as $$
declare
    is_utf8 constant boolean := getdatabaseencoding() = 'UTF8';
    patterns text[];
begin
    if q is null then
        return null;
    end if;
    select array_agg(
        case
            when char_length(word) >= 3 then '%'
            when is_utf8 and word ~ '[\u0e00-\u0eff\u2e80-\ud7ff\uf900-\ufaff]' then '%'
            else '% '
        end || regexp_replace(word, '([\\%_])', '\\\1', 'g') || '%'
    )
    into patterns
    from unnest(string_to_array(trim(classpulse.search_text(q)), ' ')) as word
    where word <> '';
    -- nothing that could be found: nobody is
    return coalesce(patterns, array['']);
end
$$;
