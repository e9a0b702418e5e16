-- Lower case with letters and their marks apart, so that it needs no locale of the database's:
-- under "C" lower() knows ASCII alone. The letters are escaped: another encoding may lack them.
create or replace function classpulse.lowered(name text) returns text
language plpgsql immutable parallel safe
as $$
begin
    if octet_length(name) = char_length(name) or getdatabaseencoding() <> 'UTF8' then
        return lower(name);
    end if;
    name := lower(normalize(name, NFKD));
    if octet_length(name) = char_length(name) then
        return name;
    end if;
    -- capitals that have no parts, Greek, Cyrillic
    return translate(
        name,
        '"\u00c6\u00d0\u00d8\u00de\u0110\u0126\u0141\u014a\u0152\u0166\u018f\u1e9e\u0391\u0392\u0393\u0394\u0395\u0396\u0397\u0398\u0399\u039a\u039b\u039c\u039d\u039e\u039f\u03a0\u03a1\u03a3\u03a4\u03a5\u03a6\u03a7\u03a8\u03a9\u03c2\u0410\u0411\u0412\u0413\u0414\u0415\u0416\u0417\u0418\u041a\u041b\u041c\u041d\u041e\u041f\u0420\u0421\u0422\u0423\u0424\u0425\u0426\u0427\u0428\u0429\u042a\u042b\u042c\u042d\u042e\u042f\u0404\u0406\u0408\u0490"'::jsonb #>> '{}',
        '"\u00e6\u00f0\u00f8\u00fe\u0111\u0127\u0142\u014b\u0153\u0167\u0259\u00df\u03b1\u03b2\u03b3\u03b4\u03b5\u03b6\u03b7\u03b8\u03b9\u03ba\u03bb\u03bc\u03bd\u03be\u03bf\u03c0\u03c1\u03c3\u03c4\u03c5\u03c6\u03c7\u03c8\u03c9\u03c3\u0430\u0431\u0432\u0433\u0434\u0435\u0436\u0437\u0438\u043a\u043b\u043c\u043d\u043e\u043f\u0440\u0441\u0442\u0443\u0444\u0445\u0446\u0447\u0448\u0449\u044a\u044b\u044c\u044d\u044e\u044f\u0454\u0456\u0458\u0491"'::jsonb #>> '{}'
    );
end
$$;
