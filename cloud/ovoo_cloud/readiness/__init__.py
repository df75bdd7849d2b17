"""How ready a plant's data are to be judged by: a score with its causes, signal by signal, and what to mend first."""
