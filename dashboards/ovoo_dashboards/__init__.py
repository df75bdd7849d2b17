"""Grafana dashboards, alert rules and provisioning built from packs."""
