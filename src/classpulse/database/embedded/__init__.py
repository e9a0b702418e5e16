"""The Postgres that the demo brings with it."""
