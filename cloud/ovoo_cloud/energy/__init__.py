"""Energy figures of a site or asset over a window."""
