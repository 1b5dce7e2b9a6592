"""A service in a process of its own, to be killed: ``python -m ... DATA_DIR URL_FILE``."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.service import CHAIN, OPERATOR
from trace_service.app import create_app
from trace_service.config import Settings
from trace_service.database import make_engine


def main(data_dir: Path, url_file: Path) -> None:
    """Serve the database in ``data_dir`` on a free port, and write the address into ``url_file``."""
    settings = Settings(data_dir, f"sqlite:///{data_dir / 'skilltrace.db'}", OPERATOR, CHAIN)
    app = create_app(settings, make_engine(settings.database_url), receipt_key=Ed25519PrivateKey.generate())
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    url_file.write_text(f"http://127.0.0.1:{listener.getsockname()[1]}")
    uvicorn.Server(uvicorn.Config(app, access_log=False)).run(sockets=[listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
