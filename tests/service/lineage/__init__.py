"""Lineage over HTTP: who sees what, where it ends, and dossiers that verify."""
