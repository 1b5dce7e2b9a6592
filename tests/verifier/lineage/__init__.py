"""Lineage: graph, dossier, recognition, and how they are shown."""
