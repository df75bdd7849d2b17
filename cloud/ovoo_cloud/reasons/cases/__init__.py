"""Sentences of the errors of a case: its intake, its contradictions and its steps (zh.json, en.json)."""
