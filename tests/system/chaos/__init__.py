"""Chaos harness: drawn faults against a collector, and the audit of what it kept; see docs/guides/chaos-harness.md."""
