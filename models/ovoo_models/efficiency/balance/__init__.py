"""Meter trees: balances and their uncertainty, reconciliation, and which meter is wrong."""

from ovoo_models.efficiency.balance.bias import Bias, Biases, BiasSearch
from ovoo_models.efficiency.balance.imbalance import Flow, NodeBalance, balances, flows, swapped
from ovoo_models.efficiency.balance.reconcile import Reconciliation, Suspects, reconcile, serial_elimination
from ovoo_models.efficiency.balance.tree import Meter, MeterTree

__all__ = [
    "Bias",
    "BiasSearch",
    "Biases",
    "Flow",
    "Meter",
    "MeterTree",
    "NodeBalance",
    "Reconciliation",
    "Suspects",
    "balances",
    "flows",
    "reconcile",
    "serial_elimination",
    "swapped",
]
