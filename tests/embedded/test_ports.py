"""Free ports."""

import socket

from config.embedded.ports import FIRST, LAST, free_ports, is_free


def test_a_port_with_a_listener_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
    assert is_free(port)


def test_free_ports_differ_and_keep_clear_of_outgoing_connections() -> None:
    ports = free_ports(50)
    assert len(set(ports)) == 50
    assert FIRST <= min(ports) <= max(ports) < LAST
    assert all(is_free(port) for port in ports)
