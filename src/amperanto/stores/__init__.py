"""Where it is kept: stores over SQLite and PostgreSQL. SQLAlchemy Core lives here and nowhere else."""
