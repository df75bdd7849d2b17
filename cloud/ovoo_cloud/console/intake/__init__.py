"""Forms of a case's parts: one engine that fills, reads, checks and joins what the fields of a part describe."""
