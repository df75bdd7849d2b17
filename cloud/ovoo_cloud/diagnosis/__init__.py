"""From a case and its samples to a frozen snapshot: pure functions over an `EvidenceSource`."""
