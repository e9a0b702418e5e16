-- What a language sorts unlike the root collation: text and what takes its place, in turns, of
-- classpulse.lowered text. A separate letter comes after all that begins with the one before it.
-- Not by the server's ICU: a build may lack it, and a key must be the same on every server.
create or replace function classpulse.sort_rules(locale text) returns jsonb
language plpgsql immutable parallel safe
as $$
declare
    language constant text := lower(split_part(translate(locale, '_@.', '---'), '-', 1));
begin
    if getdatabaseencoding() <> 'UTF8' then
        return '[]';
    end if;
    return case
        when language in ('sv', 'fi') then
            '["a\u030a","z~1", "a\u0308","z~2", "\u00e6","z~2", "o\u0308","z~3", "\u00f8","z~3", "u\u0308","y"]'
        when language in ('da', 'nb', 'nn', 'no') then
            '["\u00e6","z~1", "a\u0308","z~1", "\u00f8","z~2", "o\u0308","z~2", "o\u030b","z~2", "a\u030a","z~3", "aa","z~3", "u\u0308","y"]'
        when language in ('is', 'fo') then
            '["a\u0301","a~", "\u00f0","d~", "e\u0301","e~", "i\u0301","i~", "o\u0301","o~", "u\u0301","u~", "y\u0301","y~", "\u00fe","z~1", "\u00e6","z~2", "a\u0308","z~2", "o\u0308","z~3", "\u00f8","z~3", "a\u030a","z~4"]'
        when language = 'de' and locale ~* 'phone?bo?o?k' then
            '["a\u0308","ae", "o\u0308","oe", "u\u0308","ue"]'
        when language in ('es', 'gl', 'ast', 'eu', 'fil', 'tl') then
            '["n\u0303","n~"]'
        when language = 'et' then
            '["z\u030c","s~3", "z","s~2", "s\u030c","s~1", "o\u0303","w~1", "a\u0308","w~2", "o\u0308","w~3", "u\u0308","w~4"]'
        when language = 'pl' then
            '["a\u0328","a~", "c\u0301","c~", "e\u0328","e~", "\u0142","l~", "n\u0301","n~", "o\u0301","o~", "s\u0301","s~", "z\u0301","z~1", "z\u0307","z~2"]'
        when language = 'cs' then
            '["ch","h~", "c\u030c","c~", "r\u030c","r~", "s\u030c","s~", "z\u030c","z~"]'
        when language = 'sk' then
            '["ch","h~", "a\u0308","a~", "c\u030c","c~", "o\u0302","o~", "s\u030c","s~", "z\u030c","z~"]'
        when language in ('hr', 'bs', 'sr', 'sh') then
            '["dz\u030c","d~1", "lj","l~", "nj","n~", "c\u030c","c~1", "c\u0301","c~2", "\u0111","d~2", "s\u030c","s~", "z\u030c","z~"]'
        when language = 'sl' then
            '["c\u030c","c~1", "c\u0301","c~2", "\u0111","d~", "s\u030c","s~", "z\u030c","z~"]'
        when language = 'hu' then
            '["dzs","d~2", "dz","d~1", "cs","c~", "gy","g~", "ly","l~", "ny","n~", "sz","s~", "ty","t~", "zs","z~", "o\u0308","o~", "o\u030b","o~", "u\u0308","u~", "u\u030b","u~"]'
        when language = 'ro' then
            '["a\u0306","a~1", "a\u0302","a~2", "i\u0302","i~", "s\u0326","s~", "s\u0327","s~", "t\u0326","t~", "t\u0327","t~"]'
        when language = 'tr' then
            '["c\u0327","c~", "g\u0306","g~", "\u0131","h~", "o\u0308","o~", "s\u0327","s~", "u\u0308","u~"]'
        when language = 'az' then
            '["c\u0327","c~", "\u0259","e~", "g\u0306","g~", "x","h~1", "\u0131","h~2", "q","k~", "o\u0308","o~", "s\u0327","s~", "u\u0308","u~"]'
        when language = 'lt' then
            '["c\u030c","c~", "s\u030c","s~", "y","i", "z\u030c","z~"]'
        when language = 'lv' then
            '["c\u030c","c~", "g\u0327","g~", "y","i", "k\u0327","k~", "l\u0327","l~", "n\u0327","n~", "r\u0327","r~", "s\u030c","s~", "z\u030c","z~"]'
        when language = 'sq' then
            '["c\u0327","c~", "dh","d~", "e\u0308","e~", "gj","g~", "ll","l~", "nj","n~", "rr","r~", "sh","s~", "th","t~", "xh","x~", "zh","z~"]'
        when language = 'cy' then
            '["ch","c~", "dd","d~", "ff","f~", "ng","g~", "ll","l~", "ph","p~", "rh","r~", "th","t~"]'
        when language = 'eo' then
            '["c\u0302","c~", "g\u0302","g~", "h\u0302","h~", "j\u0302","j~", "s\u0302","s~", "u\u0306","u~"]'
        when language = 'vi' then
            '["\u0300","", "\u0301","", "\u0303","", "\u0309","", "\u0323","", "a\u0306","a~1", "a\u0302","a~2", "\u0111","d~", "e\u0302","e~", "o\u0302","o~1", "o\u031b","o~2", "u\u031b","u~"]'
        else '[]'
    end;
end
$$;
