"""Serves TLS on one port of 127.0.0.1 and hands what it decrypts to another: `tls_front.py PORT TARGET CERT KEY`."""

import socket
import ssl
import sys
import threading


def pump(source, target):
    """Copies until one side ends."""
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
    except OSError:
        pass
    finally:
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def serve(plain, context, target):
    """One connection."""
    try:
        client = context.wrap_socket(plain, server_side=True)
    except (ssl.SSLError, OSError):
        return
    server = socket.create_connection(("127.0.0.1", target))
    threading.Thread(target=pump, args=(client, server), daemon=True).start()
    pump(server, client)


def main():
    port, target = int(sys.argv[1]), int(sys.argv[2])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    listener = socket.create_server(("127.0.0.1", port))
    while True:
        plain, _ = listener.accept()
        threading.Thread(target=serve, args=(plain, context, target), daemon=True).start()


main()
