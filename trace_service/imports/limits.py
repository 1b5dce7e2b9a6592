"""Limits of an import: a value equal to a limit passes, one more is refused.

Each stops a file that could exhaust the machine or flood its reader.
"""

from __future__ import annotations

MAX_FILE_BYTES = 24 * 1024 * 1024  # thirty times the sample of 10,800 records; the API takes bodies of 32 MiB
MAX_ZIP_ENTRIES = 500  # a workbook of 40 sheets with drawings has about 150
MAX_UNPACKED_BYTES = 128 * 1024 * 1024  # all parts together: about ten times the sample
MAX_PACK_RATIO = 200  # spreadsheets of repeated text reach 60; zip bombs start at 1,000
RATIO_FREE_BYTES = 1024 * 1024  # below this no ratio is looked at: tiny parts compress oddly
MAX_SHEETS = 80  # the 51 sheets of all record types, and room for the uploader's own
MAX_ROWS = 60_000  # a sheet; the sample's longest has 9,300 (a school year of 1,900 trainees)
MAX_COLUMNS = 100  # the widest record sheet has 30
MAX_CELLS = 2_000_000  # a sheet, used area: the reader allocates the whole rectangle
MAX_TEXT_CHARACTERS = 64 * 1024 * 1024  # of a sheet with its shared strings written out
MAX_LONG_TEXT = 2_000  # characters of a comment or requirement, as the record schemas have it
MAX_ERRORS = 1_000  # kept for one job: nobody mends more before the next try
MAX_HEADER_ROWS = 10  # titles and remarks above the header
MAX_SHOWN_VALUE = 60  # characters of a wrong value that an error repeats
MAX_MAPPING_BYTES = 64 * 1024  # an explicit mapping names 100 columns of 40 sheets at most
MAX_LINKS = 200  # of one record: 31 weeks twice over, and the 64 KiB of a record (150 bytes a link)
