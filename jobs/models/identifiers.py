"""Ids: UUID version 7 (RFC 9562, section 5.7), so that rows sort by the time of their making."""

import os
import time
from uuid import UUID


def uuid7() -> UUID:
    """48 bits of Unix milliseconds, then 74 random bits: sortable, and not to be guessed."""
    value = int.from_bytes((time.time_ns() // 1_000_000).to_bytes(6) + os.urandom(10))
    value &= ~(0xF << 76) & ~(0x3 << 62)
    return UUID(int=value | (0x7 << 76) | (0x2 << 62))
