"""Exceptions whose message is one sentence that says what to do."""


class ClasspulseError(Exception):
    """Anything a user can act on: commands print it as one line and exit 2."""


class SettingError(ClasspulseError):
    """A setting has a wrong value; the message names it and what was expected."""

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"{name}: expected {expected}")
        self.name = name
        self.expected = expected


class DatabaseError(ClasspulseError):
    """The database can't be reached, or is not what was expected."""


class MigrationError(DatabaseError):
    """The schema can't be installed or upgraded; nothing was changed."""


class OtherVersionError(DatabaseError):
    """The SQL in the database is not what this Python was written for."""
