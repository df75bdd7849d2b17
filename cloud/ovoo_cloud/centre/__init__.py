"""Services of a promotion centre: registers, matching, its own figures, benchmark, index, catalogue of data."""
