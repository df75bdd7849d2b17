"""Gateway agent: collect, keep, deliver."""
