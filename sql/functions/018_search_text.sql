-- The words of a name as they are searched for, each with a space before it: case, accents,
-- composition and apostrophes aside, and what joins two words is a space.
create or replace function classpulse.search_text(name text) returns text
language plpgsql immutable parallel safe
as $$
begin
    if octet_length(name) <> char_length(name) and getdatabaseencoding() = 'UTF8' then
        -- before their parts are taken apart: an acute accent alone would become a space
        name := translate(
            name,
            '"\u00b4\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u05f3\u2018\u2019\u201b\u2032\u2035\ua78c\uff07\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"'::jsonb #>> '{}',
            ''
        );
        name := classpulse.base_letters(classpulse.lowered(name));
        name := regexp_replace(
            name, '[\u00ab\u00b7\u00bb\u2010-\u2015\u201c-\u201f\u2022\u2027\u30fb]', ' ', 'g'
        );
    else
        name := lower(name);
    end if;
    name := translate(name, '''`', '');
    return ' ' || trim(regexp_replace(name, '[][[:space:][:cntrl:],;:./()"@&+-]+', ' ', 'g'));
end
$$;
