"""Names for made-up people, of diverse origin, each given once until all are used up."""

import random
import unicodedata
from collections.abc import Iterator

# Families of names that go together: a first name is drawn with a last name of its own family,
# three times in four; the rest are mixed, as in any class of a large town.
_FAMILIES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (
        ("Emma", "Liam", "Grace", "Ethan", "Chloe", "Noah", "Ava", "Samuel", "Ruby", "Jack"),
        ("Smith", "Walker", "Bennett", "Hughes", "Clarke", "Foster", "Wright", "Ellis"),
    ),
    (
        ("Siobhán", "Conor", "Niamh", "Declan", "Aoife", "Fionn", "Róisín", "Cillian"),
        ("O'Brien", "Kelly", "Murphy", "O'Sullivan", "Byrne", "Gallagher", "Ní Dhomhnaill"),
    ),
    (
        ("José", "Lucía", "Mateo", "Sofía", "Andrés", "Valentina", "Íñigo", "Camila"),
        ("García", "Martínez", "Hernández", "Núñez", "Peña", "Torres Ruiz", "Ibáñez"),
    ),
    (
        ("Aisha", "Omar", "Fatima", "Yusuf", "Layla", "Hassan", "Zainab", "Karim"),
        ("Khan", "Al-Masri", "Hussain", "Rahman", "Abdi", "Haddad", "Benali"),
    ),
    (
        ("Priya", "Arjun", "Ananya", "Rohan", "Divya", "Vikram", "Meera", "Kavya"),
        ("Patel", "Sharma", "Iyer", "Reddy", "Banerjee", "Nair", "Singh"),
    ),
    (
        ("Wei", "Mei", "Jun", "Xin Yi", "Hao", "Li Na", "Ming", "Yuki", "Haruto", "Ji-woo"),
        ("Chen", "Wang", "Nguyễn", "Tanaka", "Kim", "Zhang", "Sato", "Trần"),
    ),
    (
        ("Zoë", "Lukas", "Anna", "Jürgen", "Mila", "Søren", "Freya", "Björn", "Élodie", "Théo"),
        ("Müller", "Weiß", "van den Berg", "Larsen", "Lefèvre", "Dubois", "Åkesson", "Schäfer"),
    ),
    (
        ("Zofia", "Mateusz", "Oksana", "Dmytro", "Jana", "Tomáš", "Nadia", "Ivan"),
        ("Kowalski", "Nowak", "Shevchenko", "Dvořák", "Petrović", "Łukasik", "Popescu"),
    ),
    (
        ("Amara", "Kwame", "Chidi", "Ngozi", "Thabo", "Zola", "Adaeze", "Kofi"),
        ("Okafor", "Mensah", "Dlamini", "Adeyemi", "Nkosi", "Diallo", "Eze"),
    ),
)
# Letters that Unicode doesn't take apart into a base letter and an accent.
_PLAIN = str.maketrans({"ł": "l", "ø": "o", "ß": "ss", "đ": "d", "æ": "ae"})


def names(draw: random.Random) -> Iterator[tuple[str, str]]:
    """First and last names without end; an O'Brien is among the first few."""
    yield "Siobhán", "O'Brien"
    used = {("Siobhán", "O'Brien")}
    while True:
        firsts, lasts = draw.choice(_FAMILIES)
        if draw.random() < 0.25:
            lasts = draw.choice(_FAMILIES)[1]
        name = draw.choice(firsts), draw.choice(lasts)
        if name not in used:
            yield name
        elif len(used) > 2000:
            # a large school: namesakes, as in life
            yield name
        used.add(name)


def mailbox(first: str, last: str) -> str:
    """The part before the @ as a school's system makes it: plain letters, a dot between."""
    return f"{_plain(first)}.{_plain(last)}"


def _plain(name: str) -> str:
    apart = unicodedata.normalize("NFKD", name.lower().translate(_PLAIN))
    return "".join(letter for letter in apart if letter.isascii() and letter.isalpha())
