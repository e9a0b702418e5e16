"""Pages to print: text laid out, shaped and drawn."""
