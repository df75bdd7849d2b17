"""Ingest, stores, API, console, diagnosis and reports."""
