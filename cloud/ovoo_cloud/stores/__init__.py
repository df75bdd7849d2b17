"""Telemetry stores behind one protocol."""
