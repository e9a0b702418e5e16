"""What stands before every route: limits, sizes, compression."""
