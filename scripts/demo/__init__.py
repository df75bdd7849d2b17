"""The demonstration: three simulated plants, their gateways, the cloud and a diagnosis report on one machine."""
