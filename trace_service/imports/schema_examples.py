"""The example of a schema as rows of its sheets, marked as remarks so that no import takes them."""

from __future__ import annotations

from trace_service.imports.parse import REMARK
from trace_service.imports.schema_envelope import Reading, link_cell, signers_cell
from trace_service.imports.schema_rows import CellValue, flatten
from trace_service.imports.schema_sheets import record_sheets
from verifier_cli.schema import schema_json

EXAMPLE_REF = f"{REMARK}示例"


def example_rows(schema: str) -> dict[str, list[dict[str, CellValue]]]:
    """Cells by field of the first example's rows, by kind of sheet."""
    document = schema_json(schema)["examples"][0]
    found: dict[str, list[dict[str, CellValue]]] = {}
    for row in flatten(record_sheets(schema).main, document["credentialSubject"]):
        cells: dict[str, CellValue] = {"@ref": EXAMPLE_REF, **row.cells}
        if row.table.depth > 1:
            cells["@parent"] = row.parent
        found.setdefault(row.table.spec.name, []).append(cells)
    found[schema][0] |= {
        "@revision": 1,
        "@validFrom": document["validFrom"],
        "@issuer": document["issuer"]["id"],
    }
    countersigners = [(one["id"], one["role"]) for one in document.get("countersigners", ())]
    if countersigners:
        found[schema][0]["@countersigners"] = signers_cell(countersigners)
    links = [
        link_cell(link["rel"], Reading(f"A-{number:04}"), link.get("item", ()))
        for number, link in enumerate(document.get("relatedResource", ()), start=1)
    ]
    if links:
        found[schema][0]["@links"] = "; ".join(links)
    return found
