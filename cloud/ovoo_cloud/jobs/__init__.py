"""Background work: schedules, runs and their results."""
