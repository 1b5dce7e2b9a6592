"""Audit: an organisation's leaf lists, records and receipts against the chain, on many cores (protocol
section 10).
"""
