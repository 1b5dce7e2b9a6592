"""Writes `docs/record-types.md` from the schemas, `signers.json` and `links.json`.

Run as `python -m docs.generate_types`. A test compares the file with what this gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from verifier_cli.kinds import TYPES
from verifier_cli.rules import SCHEMA_FOLDER, SCHEMAS, combinations, link_targets
from verifier_cli.schema import ENVELOPE, schema_json
from verifier_cli.schema_words import resolved
from verifier_cli.subject_rules import described_rules

FILE: Final = Path(__file__).parent / "record-types.md"
_Node = dict[str, Any]

_HEAD = """\
# Record types 记录类型

Written by `python -m docs.generate_types` from `verifier_cli/schemas`; do not edit. \
由模式文件自动生成，请勿手工修改。

Every record has the members of the [envelope](#envelope-记录外壳); what it says is its `credentialSubject`. \
Measures are integers: minutes, fen (`…Fen`), parts of 10,000 (`…Bp`), credits in hundredths. \
Dates are days of Asia/Shanghai. Members of another name are refused everywhere. \
A `*` marks what is required. Signers: the issuer's role, then what organisations among the countersigners \
must cover; any others may sign beside them. 带 `*` 者必填；金额单位为分，`…Bp` 为万分之几，学分为百分之一。
"""


def reference() -> str:
    """The whole file."""
    parts = [_HEAD, _graph(), _envelope()]
    parts += [_type(name) for name in SCHEMAS]
    parts.append(_shared())
    return "\n".join(parts)


def _graph() -> str:
    """The typed link graph; relations between the same two types share an arrow."""
    arrows: dict[tuple[str, str], list[str]] = {}
    everything = []
    for schema in SCHEMAS:
        source = schema.partition(".")[0]
        for rel, targets in link_targets(schema).items():
            if len(targets) == len(TYPES):
                everything.append(f"`{source}` {rel}")
                continue
            for target in targets:
                if rel != "supersedes":
                    arrows.setdefault((source, target), []).append(rel)
    lines = [f"  {source} -->|{', '.join(rels)}| {target}" for (source, target), rels in arrows.items()]
    return "\n".join(
        [
            "## Links 关联",
            "",
            "An arrow goes from the record that links to the one that it names "
            "(`verifier_cli/schemas/links.json`). "
            "Every type `supersedes` earlier records of its own type and issuer. "
            f"Records of every type may be named by: {', '.join(everything)}.",
            "",
            "```mermaid",
            "graph LR",
            *lines,
            "```",
            "",
            _relations(),
        ]
    )


def _relations() -> str:
    node = schema_json(ENVELOPE)["$defs"]["links"]["items"]["properties"]["rel"]
    rows = [
        f"| `{rel}` | {node['valueTitles'][rel]} | {node['valueTitlesZh'][rel]} |" for rel in node["enum"]
    ]
    return "\n".join(["| relation | meaning | 中文 |", "|---|---|---|", *rows, ""])


def _envelope() -> str:
    schema = schema_json(SCHEMAS[0])
    rows = []
    for name, node in schema["properties"].items():
        if "const" in node or name == "credentialSubject":
            continue
        rows.append(_row(name, node, required=name in schema["required"]))
    text = "`@context` and `type` are constants of each type. `@context`与`type`由类型固定。"
    return "\n".join(["## Envelope 记录外壳", "", text, "", *_TABLE, *rows, ""])


_TABLE: Final = ("| member | title 名称 | form | meaning 说明 |", "|---|---|---|---|")


def _type(schema: str) -> str:
    name = schema.partition(".")[0]
    document = schema_json(schema)
    subject = document["properties"]["credentialSubject"]
    lines = [
        f"## {document['title']} {document['titleZh']}",
        "",
        f"`{schema}`, kind {int(TYPES[name].kind)}, type `{TYPES[name].vc_type}`. "
        f"{document['description']} {document['descriptionZh']}",
        "",
        *_TABLE,
        *_rows(subject, ""),
        "",
        *_conditions(subject),
        f"Rules: {described_rules(name)}",
        "",
        *_signers(schema),
        "",
        "| link 关联 | to 指向 |",
        "|---|---|",
        *(f"| `{rel}` | {', '.join(targets)} |" for rel, targets in link_targets(schema).items()),
        "",
    ]
    return "\n".join(lines)


def _rows(node: _Node, path: str) -> Iterator[str]:
    """A row for each member, those of inner objects after their holder."""
    for name, child in node.get("properties", {}).items():
        here = f"{path}{name}"
        yield _row(here, child, required=name in node["required"])
        inner = child.get("items", child)
        if "properties" in inner:
            yield from _rows(inner, f"{here}[]." if "items" in child else f"{here}.")


def _row(path: str, child: _Node, *, required: bool) -> str:
    node = resolved(child)
    star = " *" if required else ""
    title = f"{node.get('title', '')} {node.get('titleZh', '')}".strip()
    meaning = f"{node.get('description', '')} {node.get('descriptionZh', '')}".strip()
    entry = resolved(node.get("items", {})) if "enum" not in node else node
    words = entry if "enum" in entry else node
    if "enum" in words and "$ref" not in child:
        meaning = "; ".join(
            f"`{value}` {words['valueTitles'][value]} {words['valueTitlesZh'][value]}"
            for value in words["enum"]
        )
    return f"| `{path}`{star} | {title} | {_form(child)} | {meaning} |"


def _form(child: _Node) -> str:
    """Type and limits in a few words."""
    if "const" in child:
        constant = child["const"]
        return f"`{orjson.dumps(constant).decode()}`"
    if "$ref" in child:
        name = child["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    kind = child["type"]
    if kind == "array":
        low, high = child.get("minItems", 0), child["maxItems"]
        unique = ", distinct" if child.get("uniqueItems") else ""
        return f"{low} to {high} × {_form(child['items'])}{unique}"
    if kind in ("integer", "number"):
        above = "more than " if "exclusiveMinimum" in child else ""
        low = child.get("minimum", child.get("exclusiveMinimum"))
        return f"{kind}, {above}{low} to {child['maximum']}"
    if kind == "string":
        return _text_form(child)
    return str(kind)


def _text_form(child: _Node) -> str:
    if "enum" in child:
        return "one of"
    if "pattern" in child:
        return f"`{child['pattern']}`".replace("|", "\\|")
    return f"text, {child.get('minLength', 0)} to {child['maxLength']} characters"


def _conditions(subject: _Node) -> list[str]:
    """Members that are required under a condition."""
    out = []
    for entry in subject.get("allOf", ()):
        condition, members = entry["if"], ", ".join(f"`{name}`" for name in entry["then"]["required"])
        if "not" in condition:
            absent = ", ".join(f"`{name}`" for name in condition["not"]["required"])
            out.append(f"- without {absent}: {members} required")
            continue
        ((member, value),) = condition["properties"].items()
        out.append(f"- `{member}` = `{value['const']}`: {members} required")
    return [*out, ""] if out else []


def _signers(schema: str) -> list[str]:
    data = orjson.loads((SCHEMA_FOLDER / "signers.json").read_bytes())["combinations"][schema]
    rows = ["| kind 类别 | signers 签名方 |", "|---|---|"]
    for kind in data:
        sets: dict[tuple[str, ...], list[str]] = {}
        for row in combinations(schema, kind):
            sets.setdefault(tuple(sorted(row.countersigners)), []).append(row.issuer)
        # Issuers with the same choice of countersigners share a line.
        choices: dict[tuple[str, ...], list[str]] = {}
        for needed, issuers in sets.items():
            choices.setdefault(tuple(issuers), []).append(" and ".join(needed))
        shown = "; ".join(
            " or ".join(issuers) + (f", with {' or '.join(needed)}" if any(needed) else " alone")
            for issuers, needed in choices.items()
        )
        rows.append(
            f"| {'every other' if kind == '*' and len(data) > 1 else kind.replace('*', 'every')} | {shown} |"
        )
    return rows


def _shared() -> str:
    lines = ["## Shared definitions 共用定义", ""]
    for name, node in schema_json(ENVELOPE)["$defs"].items():
        lines += [f"### {name}", "", f"{node['title']} {node['titleZh']}: {_form(node)}. "]
        lines[-1] += f"{node.get('description', '')} {node.get('descriptionZh', '')}".strip()
        inner = node.get("items", node)
        if "properties" in inner:
            lines += ["", *_TABLE, *_rows(inner, "[]." if "items" in node else "")]
        elif "enum" in node:
            words = (
                f"- `{value}` {node['valueTitles'][value]} {node['valueTitlesZh'][value]}"
                for value in node["enum"]
            )
            lines += ["", *words]
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Write the file."""
    FILE.write_text(reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
