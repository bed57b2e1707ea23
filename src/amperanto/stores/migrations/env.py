"""What Alembic runs: the revisions, on the connection it was given, in one database transaction."""

from alembic import context
from sqlalchemy import Connection

from amperanto.stores.tables import metadata

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
