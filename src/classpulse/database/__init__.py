"""A connection to Postgres; how to install into one, and one to bring along."""
