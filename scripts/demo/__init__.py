"""The demonstration: three simulated plants, their gateways and a promotion centre's cloud on one machine."""
