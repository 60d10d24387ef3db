"""Ids: UUID version 7 (RFC 9562, section 5.7), so that rows sort by the time of their making."""

import os
import time
from uuid import UUID

NOBODY = UUID(int=0)
"""In the audit trail: no account, or no job. What comes in belongs to neither until it is handled."""


def uuid7() -> UUID:
    """48 bits of Unix milliseconds, 12 bits of their fraction (section 6.2, method 3), 62 random bits.

    The fraction orders ids that one process makes within a millisecond; the rest is not to be guessed.
    """
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    fraction = nanoseconds * 4096 // 1_000_000
    random = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0x2 << 62 | random)
