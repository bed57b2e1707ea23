"""Amperanto: an open platform for OCPP."""

__version__ = "0.1.0"
