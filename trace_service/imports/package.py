"""The guards before a workbook is opened.

An XLSX file is a ZIP of XML parts, and both can be bombs. Every part that will be read is unpacked under a
limit, scanned as XML (no document type, UTF-8, bounded area and text), and written into a plain ZIP of our
own: the reader then sees exactly the bytes that were scanned, whatever the original's directories claimed.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from dataclasses import dataclass, field

from trace_service.imports import limits
from trace_service.imports.codes import Code
from trace_service.imports.errors import ImportRefusedError
from trace_service.imports.sheet_xml import (
    SheetScan,
    scan_relations,
    scan_shared_strings,
    scan_sheet,
    scan_workbook,
)

_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_SHARED = "xl/sharedStrings.xml"
_NEEDED = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|xl/(workbook|styles|sharedStrings)\.xml|xl/_rels/workbook\.xml\.rels"
    r"|xl/worksheets/[^/]+\.xml"
)
_OLE = b"\xd0\xcf\x11\xe0"  # an old .xls, or an .xlsx behind a password
_ENCRYPTED_BIT = 0x1


@dataclass(frozen=True, slots=True)
class Package:
    """A workbook that may be opened: ``data`` is rebuilt, ``scans`` has what the reader will not tell."""

    data: bytes
    scans: dict[str, SheetScan] = field(default_factory=dict)  # by sheet name
    hidden: frozenset[str] = frozenset()


def open_package(data: bytes) -> Package:
    """Check and rebuild an XLSX file; raises `ImportRefusedError`."""
    if data.startswith(_OLE):
        raise ImportRefusedError(Code.ENCRYPTED)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = _unpack(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise ImportRefusedError(Code.NOT_READABLE, reason=str(error)) from None
    for name in (_WORKBOOK, _RELATIONS):
        if name not in parts:
            raise ImportRefusedError(Code.NOT_READABLE, reason=f"{name} 缺失 | {name} is missing")
    return _inspect(parts)


def _unpack(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = archive.infolist()
    if len(entries) > limits.MAX_ZIP_ENTRIES or len({entry.filename for entry in entries}) != len(entries):
        raise ImportRefusedError(Code.PACKED_TOO_MUCH, part="zip")
    if sum(entry.file_size for entry in entries) > limits.MAX_UNPACKED_BYTES:
        raise ImportRefusedError(Code.PACKED_TOO_MUCH, part="zip")
    parts: dict[str, bytes] = {}
    for entry in entries:
        if entry.flag_bits & _ENCRYPTED_BIT:
            raise ImportRefusedError(Code.ENCRYPTED)
        ratio_bound = max(limits.RATIO_FREE_BYTES, entry.compress_size * limits.MAX_PACK_RATIO)
        if entry.file_size > ratio_bound:
            raise ImportRefusedError(Code.PACKED_TOO_MUCH, part=entry.filename)
        if _NEEDED.fullmatch(entry.filename):
            with archive.open(entry) as stream:  # never yields more than file_size
                parts[entry.filename] = stream.read()
    return parts


def _inspect(parts: dict[str, bytes]) -> Package:
    sheets = scan_workbook(_WORKBOOK, parts[_WORKBOOK])
    if len(sheets) > limits.MAX_SHEETS:
        raise ImportRefusedError(Code.TOO_MANY_SHEETS, limit=limits.MAX_SHEETS)
    relations = scan_relations(_RELATIONS, parts[_RELATIONS])
    shared = scan_shared_strings(_SHARED, parts[_SHARED]) if _SHARED in parts else []
    names: dict[str, list[str]] = {}
    for sheet in sheets:
        target = relations.get(sheet.relation, "")
        path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
        names.setdefault(path, []).append(sheet.name)
    scans: dict[str, SheetScan] = {}
    for path, content in parts.items():
        if path.startswith("xl/worksheets/"):
            scan = scan_sheet(path, content, shared, names.get(path, [""])[0])
            scans.update(dict.fromkeys(names.get(path, ()), scan))
        elif path not in (_WORKBOOK, _RELATIONS, _SHARED):
            scan_relations(path, content)  # well-formed and harmless; nothing in it is used by us
    hidden = frozenset(sheet.name for sheet in sheets if sheet.hidden)
    return Package(_rebuild(parts), scans, hidden)


def _rebuild(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()
