"""Verification: the nine steps, chain readers, snapshots, trust files, command line."""
