# payload.py SOCKET ID REASON: asks for a payload, reads it from the descriptor
# that comes with the answer, and tries to write to it
import json
import os
import socket
import sys

path, job, reason = sys.argv[1:]
peer = socket.socket(socket.AF_UNIX)
peer.connect(path)
peer.sendall(json.dumps({'id': 1, 'verb': 'delivery.payload',
    'deliveryId': job, 'reason': reason}).encode() + b'\n')
text, descriptors, _, _ = socket.recv_fds(peer, 65536, 1)
while not text.endswith(b'\n'):
    text += peer.recv(65536)
answer = json.loads(text)
if not answer['ok']:
    sys.exit(print(answer['error']['code']))
result = answer['result']
read = os.pread(descriptors[0], result['bytes'], result['offset']).decode()
verdict = 'read only'
for write in (lambda: os.write(descriptors[0], b'x'),
        lambda: os.open(f'/proc/self/fd/{descriptors[0]}', os.O_RDWR)):
    try:
        write()
        verdict = 'could write'
    except OSError:
        pass
print(read, verdict)
