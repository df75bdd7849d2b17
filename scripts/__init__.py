"""One job per script; the same locally and in CI."""
