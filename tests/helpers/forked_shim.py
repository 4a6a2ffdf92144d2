"""Stand in for a program that the server of forked_pytest runs: `forked_shim.py SOCKET PROGRAM …`.

It gives that server its streams, folder and environment, and ends as the program has ended. It
imports next to nothing: starting it takes a hundredth of a second.
"""

import json
import os
import socket
import sys


def main() -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(sys.argv[1])
        cwd = os.getcwd()  # noqa: PTH109 - pathlib takes as long as all the rest
        order = {"arguments": sys.argv[2:], "cwd": cwd, "env": dict(os.environ)}
        data = json.dumps(order).encode()
        socket.send_fds(server, [len(data).to_bytes(4, "big")], [0, 1, 2])
        server.sendall(data)
        status = int.from_bytes(server.recv(4), "big", signed=True)
    if status < 0:
        os.kill(os.getpid(), -status)
    sys.exit(status)


if __name__ == "__main__":
    main()
