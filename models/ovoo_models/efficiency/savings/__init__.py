"""Measurement and verification: baselines with knees, savings with their uncertainty, events that explain the rest."""
