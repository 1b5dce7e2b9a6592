"""Indicators: definitions as signed data, run over the relations of the records that count.

- `definition`: one indicator, view or exception, from its data file or from the Decision that issues it
- `guard`, `sandbox`: a definition comes from a stranger, so what its SQL may do is a short list
- `extract`: records -> rows, in plain Python; a service has its own way, and tests hold both equal
- `community`: who belongs, and which records a report is made of
- `finishers`: exact rows -> a value, with one division at its end
- `engine`: definitions over a loaded sandbox -> values
- `report`, `recompute`: the signed report, and making it again from the records

DuckDB is imported when a sandbox opens: verifying a certificate needs none of this.
"""
