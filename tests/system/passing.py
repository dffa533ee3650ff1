"""passing.py SOCKET: in spoold's place, answers with as many descriptors as the
reason says, or with nonsense."""
import json
import os
import socket
import sys

listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(5)
while True:
    connection, _ = listener.accept()
    while line := connection.recv(65536):
        asked = json.loads(line)
        answer = {"id": asked["id"], "ok": True, "result": {}}
        if asked["reason"] == "nonsense":
            connection.sendall(b"nonsense\n")
            continue
        null = os.open("/dev/null", os.O_RDONLY)
        socket.send_fds(connection, [json.dumps(answer).encode() + b"\n"],
                        [null] * int(asked["reason"]))
        os.close(null)
