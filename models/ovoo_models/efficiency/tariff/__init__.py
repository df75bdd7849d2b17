"""From intervals of energy to an invoice: bands, demand, power factor, market prices, shifting of load."""
