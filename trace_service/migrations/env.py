"""Alembic's entry: runs the versions on the connection that `trace_service.migrate` hands over."""

from __future__ import annotations

from alembic import context

from trace_service.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters tables by copying them
)
with context.begin_transaction():
    context.run_migrations()
