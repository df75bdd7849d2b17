"""The HTTP API: thin routes over repositories and stores."""
