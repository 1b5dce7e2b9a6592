"""Invented data: a cohort as a workbook, and a community of three years (`samples.community`)."""
