"""Drivers that bring rows from the spool to where they are needed."""
