"""The command ``trace-service``: a leaf that nothing imports."""

from trace_service.cli.main import main

__all__ = ["main"]
