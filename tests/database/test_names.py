"""The names of a school in SQL: what a writer may give, and the order of what they gave."""

from typing import Any

import asyncpg
import pytest

from classpulse.database.install import scripts
from classpulse.database.install.migrate import migrate

ORDERS = {
    None: "Ää Ab anna Anna Ánna Émile Łuk Lz O'Neil Oz Öz Strasse Straße Strassf Zoe",
    "fr": "cote coté côte côté",
    "fr-CA": "cote côte coté côté",
    "de@collation=phonebook": "Ad Ärzte Af",
    "da": "Anna anna Zeb Ærø Øst Aaberg Åberg",
    "cs": "Cyril Czech Černý Hana Chyba Ivan",
    "hr": "Cvek Čaćić Ćosić Dunja Džajić Đurić Luka Ljubić Niko Njegoš Zec Žanić",
    "hu": "Cukor Csaba Géza Gyula Óvári Oz Ödön Zita Zsolt",
    "pl": "Czech Ćwik Lz Łuk Zz Źrebak Żak",
    "et": "Sz Šah Zeta Žanna Tamm Vau Õnne Ärni Ööbik Üllar Xu",
    "tr": "Cz Çam Hz Ilgaz Irmak Izmir İlker",
    "vi": "An Ăng Ân Dung Đặng Em Ết",
    "uk": "Ганна Ґалаґан Дана Еней Євген Иван Йосип Іван Їжак Яна",
    "ru": "Егор Ежов Ёлкин Жуков",
}
MADE_OF_NAMES = {
    "ellipsis",
    "shown_name",
    "shown_remark",
    "lowered",
    "base_letters",
    "search_text",
    "search_patterns",
    "sort_rules",
    "cyrillic_letters",
    "sort_key",
}
SORTED = """
select array_agg(word order by classpulse.sort_key(array[word], $2) collate "C")
from unnest($1::text[]) as word
"""


@pytest.mark.parametrize("locale", ORDERS)
async def test_a_key_sorts_by_the_rules_of_its_language(
    connection: Any, locale: str | None
) -> None:
    words = ORDERS[locale].split()
    assert await connection.fetchval(SORTED, sorted(words), locale) == words
    assert await connection.fetchval(SORTED, words[::-1], locale) == words


async def test_accents_and_case_come_after_all_letters_of_both_names(connection: Any) -> None:
    people = [("Müller", "Anna"), ("muller", "Berta"), ("Muller", "berta"), ("Müller", "Berta")]
    found = await connection.fetch(
        "select last, first from unnest($1::text[], $2::text[]) as person (last, first)"
        ' order by classpulse.sort_key(array[last, first], null) collate "C"',
        [last for last, _ in people][::-1],
        [first for _, first in people][::-1],
    )
    assert [tuple(row) for row in found] == people


@pytest.mark.parametrize("order", ["first", "LAST_FIRST", ""])
async def test_another_name_order_is_refused_in_plain_words(connection: Any, order: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="last_first_or_first_last"):
        await connection.execute("insert into schools (name, name_order) values ('S', $1)", order)


@pytest.mark.parametrize("locale", ["", "no such language", "de;drop", "x" * 61, "de-" * 30])
async def test_what_can_be_no_language_is_refused_in_plain_words(
    connection: Any, locale: str
) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="is_a_language_such_as_de_or_fr_ca"):
        await connection.execute("insert into schools (name, locale) values ('S', $1)", locale)


@pytest.mark.parametrize("locale", ["de", "fr-CA", "sv_SE.UTF-8", "zh-Hant-TW", "tlh"])
async def test_any_language_may_be_given(connection: Any, locale: str) -> None:
    await connection.execute("insert into schools (name, locale) values ('S', $1)", locale)


async def test_those_who_are_there_are_named_at_an_upgrade(
    database_url: str, connection: Any
) -> None:
    await connection.execute(
        "insert into schools (id, name) values (1, 'School');"
        "insert into students (school_id, first_name) values (1, 'Zoë');"
        "delete from classpulse.objects where file like 'functions/%name_students%'"
    )
    await migrate(database_url)
    assert await connection.fetchval("select words from classpulse.student_names") == " zoe"


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_names_do_not_stop_a_database_of_another_encoding(
    cluster: Any, encoding: str
) -> None:
    name = f"names_{encoding.lower()}"
    cluster.run(f"drop database if exists {name} with (force)")
    cluster.run(
        f"create database {name} template template0 encoding '{encoding}'"
        " lc_collate 'C' lc_ctype 'C' locale_provider libc"
    )
    try:
        connection = await asyncpg.connect(cluster.url_of(name))
        await connection.execute("create schema classpulse")
        for script in scripts.functions():
            if script.path.stem[4:] in MADE_OF_NAMES:
                await connection.execute(script.text)
        found = await connection.fetchrow(
            "select classpulse.shown_name(repeat('x', 900000)) as name,"
            " classpulse.search_text('O''Brien, Pat') as words,"
            " classpulse.search_patterns('pat') as patterns,"
            " classpulse.sort_key(array['Brien', 'Pat'], 'tr') as key"
        )
        assert found["name"] == "x" * 497 + "..."
        assert found["words"] == " obrien pat"
        assert found["patterns"] == ["%pat%"]
        assert found["key"].startswith("brien\1pat\1")
        await connection.close()
    finally:
        cluster.drop(name)
