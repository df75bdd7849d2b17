"""Streaming anomaly and energy-efficiency models."""
