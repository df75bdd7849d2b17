"""The government's cut: aggregates of a region from issued reports, signed and verifiable, with no enterprise in it."""
