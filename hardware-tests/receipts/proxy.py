"""A proxy to a port of this machine whose network can be cut."""

from __future__ import annotations

import socket
import struct
import threading


class Proxy:
    """Listens at `port`. While the network is cut, every connection is reset, and nobody gets a new one."""

    def __init__(self, target: int):
        self.target, self.is_cut = target, False
        self.open: set[socket.socket] = set()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            caller, _ = self.listener.accept()
            if self.is_cut:
                reset(caller)
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
            except OSError:
                reset(caller)
                continue
            with self.lock:
                self.open |= {caller, server}
            for source, sink in ((caller, server), (server, caller)):
                threading.Thread(target=self.copy, args=(source, sink), daemon=True).start()

    def copy(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            # Small parts, so that a cut falls into the middle of a request or of an answer.
            while data := source.recv(1024):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        with self.lock:
            self.open.discard(source)

    def cut(self) -> None:
        self.is_cut = True
        with self.lock:
            for connection in self.open:
                reset(connection)
            self.open.clear()

    def mend(self) -> None:
        self.is_cut = False


def reset(connection: socket.socket) -> None:
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()
