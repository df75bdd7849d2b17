"""Plants with known truth."""
