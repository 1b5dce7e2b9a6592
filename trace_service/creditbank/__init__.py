"""The credit bank: an append-only double-entry ledger behind the CreditEntry records."""
