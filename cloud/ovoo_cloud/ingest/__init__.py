"""From the broker into the store: decode, bind, store, ledger, ack."""
