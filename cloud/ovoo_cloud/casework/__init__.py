"""The workflow of a diagnosis case: states and steps, parts, documents, review, numbers, exchange (decision 0017)."""
