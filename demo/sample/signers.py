"""Signers of several organisations in one process: ``python -m demo.sample.signers URL DIRECTORY ...``.

For the sample alone, to spare a process for each of fifteen organisations; each signs with its own key and
presents its own API key. All key files have the passphrase in ``TRACE_PASSPHRASE``.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from trace_service.cli.org import API_KEY_FILE, DID_FILE, RECORD_KEY_FILE
from trace_service.cli.sign import read_api_key, read_line
from trace_service.keys.files import load_ed25519
from trace_service.keys.passphrase import read_passphrase
from trace_service.signer.client import Interrupted, SigningClient
from trace_service.signer.loop import POLL_SECONDS, Tally, sign_waiting
from trace_service.signer.proofs import RecordSigner
from trace_service.stopping import stop_on_signals


def main(arguments: list[str]) -> None:
    """Sign whatever comes, for each organisation in turn, until told to stop."""
    url, *directories = arguments
    stop = stop_on_signals()
    passphrase = read_passphrase()
    signers = []
    for directory in map(Path, directories):
        did = read_line(directory / DID_FILE, "enrol it first")
        key = load_ed25519(directory / RECORD_KEY_FILE, passphrase)
        client = SigningClient(url, read_api_key(directory / API_KEY_FILE), stop.wait)
        signers.append((client, RecordSigner(did, key), Tally()))
    with suppress(Interrupted):
        while not stop.is_set():
            if not sum(sign_waiting(*signer, stop.is_set) for signer in signers):
                stop.wait(POLL_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1:])
