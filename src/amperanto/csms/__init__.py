"""What the system does: one file per functional block of the standard."""
