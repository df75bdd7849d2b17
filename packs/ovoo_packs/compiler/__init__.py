"""Checks the YAML sources and compiles them to the JSON that the run time reads."""
