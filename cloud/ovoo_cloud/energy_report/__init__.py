"""The monthly energy report of a site: frozen from the store, rendered and verified like the diagnosis report."""
