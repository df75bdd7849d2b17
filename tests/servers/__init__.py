"""Real servers on free loopback ports in a temporary folder, for tests and benchmarks."""
