"""Install, upgrade and remove the schema."""
