"""Whole lines of real processes: brokers, store, cloud, gateways, plants."""
