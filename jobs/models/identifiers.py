"""The ids of this app's rows; the migrations know them by this name."""

from audit.identifiers import uuid7

__all__ = ["uuid7"]
