"""What can go wrong between a unit and the disk.

StoreError ├── ConflictError    somebody was faster: a stale revision, a key that exists, a condition no
longer true; try again │   └── Fenced       the connection that caused the unit no longer owns its station
(R4); do not try again ├── NotDurable       the database is gone or full: nothing was kept, and later it may
be (R8) ├── Unstorable       a value no database column can hold; the same unit will never succeed └──
StoreInUse       another process works on this SQLite file
"""


class StoreError(Exception):
    """The root of this room's errors."""


class ConflictError(StoreError):
    """Somebody was faster; read again and try again."""


class Fenced(ConflictError):
    """The station has a newer connection; what the old one wanted written is not."""


class NotDurable(StoreError):
    """Nothing can be made durable (or read) now."""


class Unstorable(StoreError):
    """A unit holds something the database refuses for good."""


class StoreInUse(StoreError):
    """The database file belongs to another running process."""
