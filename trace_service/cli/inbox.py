"""``trace-service inbox``: what waits for this organisation's signature, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from trace_service.cli.options import OrgDir
from trace_service.cli.sign import check_url, read_api_key
from trace_service.records.remarks import REMARK_TEXTS, Remark
from trace_service.signer.client import Interrupted, Parameters, SigningClient

MAX_SHOWN = 50  # rows of the table; --json gives all
PAGE = 500  # drafts a request
TRIES = 3  # of a service that does not answer: somebody is waiting
SHORTEST_ID = 6  # characters of an id that name a draft where no other begins with them
EXIT_NOT_DONE = 1  # something that was asked for could not be done

_TASKS = {"sign": "签署 sign", "contribute": "补充评分 add scores", "wait": "等待对方 wait"}


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("inbox")(inbox)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked to do; nothing of it: show the inbox."""

    approve: tuple[str, ...]
    approve_all: bool
    reject: str | None
    comment: str | None
    remind: tuple[str, ...]


def inbox(
    org_dir: OrgDir,
    url: Annotated[str, typer.Option(envvar="TRACE_URL", help="Address of the service.")],
    overdue: Annotated[bool, typer.Option("--overdue", help="Only what is beyond its deadline.")] = False,
    proposed: Annotated[
        bool, typer.Option("--proposed", help="What you proposed and others have not signed.")
    ] = False,
    schema: Annotated[str | None, typer.Option("--type", help="Record type, such as activity.1.")] = None,
    proposer: Annotated[str | None, typer.Option(help="DID of who proposed it.")] = None,
    person: Annotated[str | None, typer.Option(help="Identifier of the person it is about.")] = None,
    approve: Annotated[list[str] | None, typer.Option(help="Approve this draft (its number).")] = None,
    approve_all: Annotated[
        bool, typer.Option("--approve-all", help="Approve everything shown that has no remarks.")
    ] = False,
    reject: Annotated[str | None, typer.Option(help="Send this draft back; needs --comment.")] = None,
    comment: Annotated[str | None, typer.Option(help="Why it is sent back.")] = None,
    remind: Annotated[list[str] | None, typer.Option(help="Remind the signers of this draft.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON.")] = False,
) -> None:
    """Show what waits, approve it, send it back, or remind the others.

    What you approve is signed by `trace-service sign --hold-for-approval`, which runs beside it.
    """
    check_url(url)
    wish = Wish(tuple(approve or ()), approve_all, reject, comment, tuple(remind or ()))
    if (reject is None) != (comment is None):
        raise typer.BadParameter("--reject and --comment go together", param_hint="--comment")
    filters: Parameters = {"side": "proposed" if proposed or remind else "sign", "limit": PAGE}
    named = {"schema": schema, "proposer": proposer, "person": person, "overdue": "true" if overdue else None}
    filters |= {name: value for name, value in named.items() if value is not None}
    tries = iter(range(TRIES))
    client = SigningClient(url, read_api_key(org_dir / "api-key"), lambda _s: next(tries, None) is None)
    try:
        done = _run(client, filters, wish, as_json)
    except Interrupted:
        typer.echo(f"{url} does not answer; is the service running there?", err=True)
        done = False
    finally:
        client.close()
    if not done:
        raise typer.Exit(EXIT_NOT_DONE)


def _run(client: SigningClient, filters: Parameters, wish: Wish, as_json: bool) -> bool:
    first = client.ask("GET", "/v1/signing/inbox", filters, None)
    if wish.approve_all:
        return _approve_all(client, filters, first["asOf"])
    items = list(_items(client, filters, first))
    wanted = [*wish.approve, *wish.remind, *([wish.reject] if wish.reject else [])]
    if not wanted:
        _show(first, items, as_json)
        return True
    drafts = [_find(items, text) for text in wanted]
    for text, draft in zip(wanted, drafts, strict=True):
        if isinstance(draft, str):
            typer.echo(f"{text}: {draft}", err=True)
    if any(isinstance(draft, str) for draft in drafts):
        return False
    return _act(client, wish, [draft for draft in drafts if not isinstance(draft, str)])


def _items(client: SigningClient, filters: Parameters, first: dict[str, Any]) -> Iterator[dict[str, Any]]:
    page = first
    yield from page["items"]
    while page["next"] is not None:
        page = client.ask("GET", "/v1/signing/inbox", {**filters, "cursor": page["next"]}, None)
        yield from page["items"]


def _find(items: list[dict[str, Any]], text: str) -> dict[str, Any] | str:
    """The draft that ``text`` names by its id or the beginning of it, or what is wrong."""
    start = text.removeprefix("urn:uuid:").lower()
    found = [item for item in items if item["id"].removeprefix("urn:uuid:").startswith(start)]
    if len(start) < SHORTEST_ID:
        return f"give at least {SHORTEST_ID} characters of the number"
    if len(found) == 1:
        return found[0]
    return "no such draft here" if not found else "several drafts begin like this; give more of the number"


def _act(client: SigningClient, wish: Wish, drafts: list[dict[str, Any]]) -> bool:
    digests = [{"digest": draft["digest"]} for draft in drafts]
    results = []
    count = len(wish.approve)
    if wish.approve:
        results += _post(client, "approvals", digests[:count])
    if wish.remind:
        results += _post(client, "reminders", digests[count : count + len(wish.remind)])
    if wish.reject:
        results += _post(client, "rejections", [digests[-1] | {"comment": wish.comment}])
    names = {draft["digest"]: _short(draft) for draft in drafts}
    for result in results:
        again = f", 下次可在 again from {result['againAt']}" if result.get("againAt") else ""
        typer.echo(f"{names[result['digest']]}: {result['result']}{again}")
    return all(result["result"] in ("approved", "already", "reminded", "rejected") for result in results)


def _post(client: SigningClient, what: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    answer = client.ask("POST", f"/v1/signing/{what}", {}, orjson.dumps({"items": items}))
    return list(answer["items"])


def _approve_all(client: SigningClient, filters: Parameters, as_of: str) -> bool:
    names = ("schema", "proposer", "person")
    wanted: dict[str, Any] = {name: filters[name] for name in names if name in filters}
    wanted |= {"asOf": as_of} | ({"overdue": True} if "overdue" in filters else {})
    approved, left = 0, 0
    while True:
        body = orjson.dumps({"withoutRemarks": wanted})
        answer = client.ask("POST", "/v1/signing/approvals", {}, body)
        approved += len(answer["items"])
        left += len(answer["leftOut"])
        if answer["next"] is None:
            break
        wanted["cursor"] = answer["next"]
    typer.echo(f"{approved} 份已批准 approved; {left} 份须逐份处理 left: look at each")
    return True


def _show(first: dict[str, Any], items: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        whole = {"items": items, "counts": first["counts"], "overdue": first["overdue"]}
        typer.echo(orjson.dumps(whole, option=orjson.OPT_INDENT_2).decode())
        return
    console = Console()
    if items:
        console.print(_table(items[:MAX_SHOWN]))
    if len(items) > MAX_SHOWN:
        console.print(
            f"… {len(items) - MAX_SHOWN:,} more: narrow it down with --type, --proposer or --person"
        )
    counts = ", ".join(f"{number:,} {name}" for name, number in sorted(first["counts"].items()))
    console.print(f"{counts or '没有待办 nothing waits'}; {first['overdue']:,} 逾期 overdue", markup=False)
    if items:
        console.print("--approve NUMBER · --approve-all · --reject NUMBER --comment WHY", markup=False)


def _table(items: list[dict[str, Any]]) -> Table:
    table = Table("编号 Number", "类型 Type", "提出方 From", "待办 Task", "期限 Sign by", "备注 Remarks")
    for item in items:
        remarks = "\n".join(REMARK_TEXTS[Remark(remark)] for remark in item["remarks"])
        state = "已批准 approved" if item["approvedAt"] else _TASKS[item["task"]]
        due = item["signBy"][:10] + (" 逾期 overdue" if item["overdue"] else "")
        if item["reminders"]:
            due += f"\n{len(item['reminders'])}× 催办 reminded"
        kind = item["schema"].partition(".")[0] + (f" r{item['revision']}" if item["revision"] > 1 else "")
        cells = (_short(item), kind, item["proposer"]["name"], state, due, remarks)
        table.add_row(*map(Text, cells), style="red" if item["overdue"] else None)
    return table


def _short(item: dict[str, Any]) -> str:
    return str(item["id"]).removeprefix("urn:uuid:")[:8]
