-- What classpulse.lowered returned, without marks, and in the letters that most keyboards have.
create or replace function classpulse.base_letters(name text) returns text
language plpgsql immutable parallel safe
as $$
begin
    if octet_length(name) = char_length(name) or getdatabaseencoding() <> 'UTF8' then
        return name;
    end if;
    name := regexp_replace(
        name,
        '[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]',
        '', 'g'
    );
    if octet_length(name) = char_length(name) then
        return name;
    end if;
    name := replace(name, '"\u00df"'::jsonb #>> '{}', 'ss');
    name := replace(name, '"\u00e6"'::jsonb #>> '{}', 'ae');
    name := replace(name, '"\u0153"'::jsonb #>> '{}', 'oe');
    name := replace(name, '"\u00fe"'::jsonb #>> '{}', 'th');
    return translate(
        name,
        '"\u00f0\u00f8\u0111\u0127\u0131\u0138\u0142\u014b\u0167\u0259"'::jsonb #>> '{}',
        'dodhiklnte'
    );
end
$$;
