"""Scripts that measure; each prints one JSON object on its last line."""
