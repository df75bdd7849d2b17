"""The chapters of the monthly energy report."""
