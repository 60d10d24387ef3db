"""Ids: UUID version 7 (RFC 9562, section 5.7), so that rows sort by the time of their arrival."""

import os
import time
from uuid import UUID

# The audit trail is of jobs and accounts; what arrives belongs to neither until it is handled.
NOBODY = UUID(int=0)


def uuid7() -> UUID:
    """48 bits of Unix milliseconds, 12 bits of their fraction (section 6.2, method 3), 62 random bits."""
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    fraction = nanoseconds * 4096 // 1_000_000
    random = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0x2 << 62 | random)
