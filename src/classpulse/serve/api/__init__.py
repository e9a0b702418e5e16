"""The figures as JSON: a file a noun."""
