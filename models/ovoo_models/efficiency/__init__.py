"""Energy: baseline with CUSUM, idle running, specific consumption, integration."""
