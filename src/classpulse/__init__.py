"""Live student performance for educators, straight from Postgres."""

__version__ = "0.1.0"
