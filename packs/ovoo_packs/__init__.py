"""Sector knowledge as dated, sourced data."""
