"""What tables are made of: the metadata with its naming rule, and the kinds of columns."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, MetaData

from amperanto.stores.columns import Timestamp, Words

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def words(name: str, *, null: bool = False) -> Column[str]:
    """A text."""
    return Column(name, Words, nullable=null)


def number(name: str, *, null: bool = False) -> Column[int]:
    """A whole number, 64 bits."""
    return Column(name, BigInteger, nullable=null)


def instant(name: str, *, null: bool = False) -> Column[object]:
    """An instant, UTC."""
    return Column(name, Timestamp, nullable=null)


def flag(name: str) -> Column[bool]:
    """Yes or no."""
    return Column(name, Boolean, nullable=False)


def id_() -> Column[str]:
    """Our own id, the key."""
    return Column("id", Words, primary_key=True)


def key(name: str) -> Column[str]:
    """A text that is part of the key."""
    return Column(name, Words, primary_key=True)


def organisation(*, known: bool = False) -> Column[str]:
    """The owner; `known` where a row is made by a person, so that the owner is checked to exist."""
    owner = [ForeignKey("organisations.id")] if known else []
    return Column("organisation", Words, *owner, nullable=False)


def place() -> list[Column[int]]:
    """An EVSE and its connector."""
    return [number("evse"), number("connector")]
