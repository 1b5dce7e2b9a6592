"""``python -m trace_service``: the same command as ``trace-service``."""

from trace_service.cli import main

main()
