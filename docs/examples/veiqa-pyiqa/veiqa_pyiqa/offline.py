"""Keeps the network away from what runs under it, and remembers whether it was asked for."""

import socket
import threading
from contextlib import contextmanager

_LOCAL = (getattr(socket, "AF_UNIX", None),)


class Asked:
    """What was asked of the network; nothing is ``""``."""

    def __init__(self):
        self.host = ""

    def refuse(self, host):
        """Remember a host, and be the error of a machine without a network."""
        self.host = self.host or str(host)
        raise ConnectionError(f"no connection to {host}: nothing is fetched unasked")


@contextmanager
def offline():
    """Refuse every connection and look-up of a host that this thread asks for; gives an :class:`Asked`."""
    asked, own = Asked(), threading.get_ident()
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def refusing_connect(self, address):
        if threading.get_ident() == own and self.family not in _LOCAL:
            asked.refuse(address[0])
        return connect(self, address)

    def refusing_look_up(host, *arguments, **more):
        if threading.get_ident() == own:
            asked.refuse(host)
        return look_up(host, *arguments, **more)

    socket.socket.connect, socket.getaddrinfo = refusing_connect, refusing_look_up
    try:
        yield asked
    finally:
        socket.socket.connect, socket.getaddrinfo = connect, look_up
