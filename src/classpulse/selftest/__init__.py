"""The end-to-end self-test against a running server."""
