"""What an uploader may say about a file: its type, and which column is which field."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath

import orjson

from trace_service.imports.catalogue import all_specs
from trace_service.imports.codes import Code
from trace_service.imports.errors import ImportRefusedError
from trace_service.imports.field_types import SheetSpec
from trace_service.imports.headers import find_spec
from trace_service.imports.limits import MAX_MAPPING_BYTES

TYPE_KEY = "@type"  # beside the columns of a mapping: which kind of sheet it is, where the name does not tell


@dataclass(frozen=True, slots=True)
class SheetMapping:
    """The explicit mapping of one sheet: header text -> field name."""

    type: str | None = None
    columns: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """``dry_run`` checks and stores nothing; ``partial`` takes the good rows of a file that has bad ones."""

    dry_run: bool = False
    partial: bool = False
    sheet_type: str | None = None
    mapping: str | None = None  # JSON: {sheet: {column header: field}}


def read_mapping(text: str | None) -> dict[str, SheetMapping]:
    """Parse and check an explicit mapping; raises `ImportRefusedError`."""
    if text is None:
        return {}
    if len(text.encode()) > MAX_MAPPING_BYTES:
        raise _invalid(f"> {MAX_MAPPING_BYTES} bytes")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _invalid(str(error)) from None
    if not isinstance(value, dict) or not all(isinstance(columns, dict) for columns in value.values()):
        raise _invalid("须为对象的对象 | not an object of objects")
    return {sheet: _sheet_mapping(sheet, columns) for sheet, columns in value.items()}


def _sheet_mapping(sheet: str, columns: dict[str, object]) -> SheetMapping:
    given = columns.pop(TYPE_KEY, None)
    spec = find_spec(str(given) if given is not None else sheet)
    if given is not None and spec is None:
        raise _invalid(f"{sheet}: {given}")
    known = {name.name for known in ([spec] if spec else all_specs().values()) for name in known.fields}
    checked: dict[str, str] = {}
    for header, name in columns.items():
        if name not in known or not isinstance(name, str):
            raise _invalid(f"{sheet}: {header} -> {name}")
        checked[header.strip()] = name
    return SheetMapping(spec.name if given is not None and spec else None, checked)


def _invalid(reason: str) -> ImportRefusedError:
    return ImportRefusedError(Code.MAPPING_INVALID, reason=reason)


def spec_for(sheet: str, file_name: str, options: ImportOptions, mapping: SheetMapping) -> SheetSpec | None:
    """The kind of a sheet: by mapping, by type option (a CSV file is one sheet), or by its name."""
    is_csv = PurePath(file_name).suffix.lower() not in (".xlsx", ".xlsm")
    if mapping.type is not None:
        return all_specs()[mapping.type]
    if is_csv and options.sheet_type is not None:
        return find_spec(options.sheet_type)
    return find_spec(sheet)
