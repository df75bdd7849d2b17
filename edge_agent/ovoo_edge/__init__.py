"""Gateway agent: collect, keep, deliver."""

__version__ = "0.1.0"
