-- Letters that have their own place among those of Cyrillic, and a number or parts elsewhere.
-- A private character after them all takes the place of the tilde in sort_rules.
create or replace function classpulse.cyrillic_letters(name text) returns text
language plpgsql immutable parallel safe
as $$
declare
    rules constant jsonb :=
        '["\u0438\u0306","\u0438\uf8ff1", "\u0456\u0308","\u0438\uf8ff3", "\u0456","\u0438\uf8ff2", "\u0443\u0306","\u0443\uf8ff", "\u0491","\u0433\uf8ff", "\u0454","\u0435\uf8ff"]';
begin
    for rule in 0 .. jsonb_array_length(rules) - 1 by 2 loop
        name := replace(name, rules ->> rule, rules ->> rule + 1);
    end loop;
    return name;
end
$$;
