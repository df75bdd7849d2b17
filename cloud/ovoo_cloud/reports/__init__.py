"""From a snapshot to a signed report bundle, and back by verification."""
