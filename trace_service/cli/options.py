"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from trace_service.config import Settings

DataDir = Annotated[
    Path, typer.Option("--data-dir", envvar="TRACE_DATA_DIR", help="Directory of this installation.")
]
OrgDir = Annotated[
    Path, typer.Option("--org-dir", envvar="TRACE_ORG_DIR", help="The organisation's own key directory.")
]


def open_installation(data_dir: Path) -> tuple[Settings, Engine]:
    """Return settings and engine; raises `SettingsError` or `SchemaVersionError`."""
    # Here, because the signer shares this module's options and needs no database.
    from trace_service.config import load_settings
    from trace_service.database import make_engine
    from trace_service.migrate import check_version

    settings = load_settings(data_dir)
    engine = make_engine(settings.database_url)
    check_version(engine)
    return settings, engine
