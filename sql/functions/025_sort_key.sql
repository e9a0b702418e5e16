-- A text whose order under "C" is the order of names by the rules of a language: all their letters
-- first, then accents, then case, each level part by part (last name, first name). An unknown or
-- missing locale is the root. Of each part the first 100 characters decide.
create or replace function classpulse.sort_key(parts text[], locale text) returns text
language plpgsql immutable parallel safe
as $$
declare
    language constant text := lower(split_part(translate(locale, '_@.', '---'), '-', 1));
    is_backwards constant boolean := locale ~* '^fr[-_]ca';
    is_utf8 constant boolean := getdatabaseencoding() = 'UTF8';
    rules jsonb := '[]';
    count_of_rules integer;
    part text;
    is_plain boolean;
    low text;
    letters text;
    levels text[] := array['', '', ''];
begin
    if locale <> '' then
        rules := classpulse.sort_rules(locale);
    end if;
    count_of_rules := jsonb_array_length(rules);
    foreach part in array parts loop
        part := left(part, 100);
        is_plain := not is_utf8 or octet_length(part) = char_length(part);
        if not is_plain then
            part := translate(
                part,
                '"\u00a0\u2018\u2019\u02bc\u2010\u2011\u2012\u2013\u2014"'::jsonb #>> '{}',
                ' ''''''-----'
            );
            part := normalize(part, NFKD);
        end if;
        part := trim(regexp_replace(part, '[[:space:][:cntrl:]]+', ' ', 'g'));
        if language in ('tr', 'az') and is_utf8 then
            part := replace(part, '"I\u0307"'::jsonb #>> '{}', 'i');
            part := translate(part, 'I', '"\u0131"'::jsonb #>> '{}');
            is_plain := false;
        end if;
        low := classpulse.lowered(part);
        letters := translate(low, '{|}~', '!!!!');
        for rule in 0 .. count_of_rules - 1 by 2 loop
            letters := replace(letters, rules ->> rule, rules ->> rule + 1);
        end loop;
        if not is_plain then
            if letters ~ '[\u0400-\u04ff]' then
                letters := classpulse.cyrillic_letters(letters);
            end if;
            letters := classpulse.base_letters(letters);
        end if;
        levels[1] := levels[1] || left(letters, 100) || chr(1);
        if low <> letters then
            levels[2] := levels[2] || left(case when is_backwards then reverse(low) else low end, 100);
        end if;
        levels[2] := levels[2] || chr(1);
        levels[3] := levels[3] || left(
            case
                when language = 'da' then part
                else translate(
                    part,
                    'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
                    'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
                )
            end, 100
        ) || chr(1);
    end loop;
    return levels[1] || levels[2] || levels[3];
end
$$;
