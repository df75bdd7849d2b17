"""Other products and libraries that the benchmarks compare with."""
