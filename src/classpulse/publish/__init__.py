"""The log of events to those who listen. Knows nothing of HTTP."""
