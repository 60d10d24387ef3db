"""Free TCP ports on loopback."""

import random
import socket

# Below the range from which Linux takes the ports of outgoing connections (32768 and up): one of those could
# occupy our port between the check and the service's bind.
FIRST, LAST = 15_000, 32_000


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # else a port in TIME_WAIT looks taken
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_ports(count: int) -> list[int]:
    """`count` different ports that are free now. Random: two stacks that start together do not meet."""
    found: list[int] = []
    for port in random.SystemRandom().sample(range(FIRST, LAST), LAST - FIRST):
        if is_free(port):
            found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"fewer than {count} free ports between {FIRST} and {LAST}")
