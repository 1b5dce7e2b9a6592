"""A stop asked for by a signal, as an event that threads wait for."""

from __future__ import annotations

import queue
import signal
import threading

__all__ = ["stop_on_signals"]


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set; for the main thread to call, once.

    A handler runs between two instructions of the main thread, which may just then hold the event's lock: to
    set the event there would wait for ever. It only puts a word into a queue made for that, and another
    thread sets the event.
    """
    stopping = threading.Event()
    signals: queue.SimpleQueue[int] = queue.SimpleQueue()

    def wait() -> None:
        signals.get()
        stopping.set()

    threading.Thread(target=wait, name="stop on signals", daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: signals.put(received))
    return stopping
