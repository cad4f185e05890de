#!/usr/bin/env python3
"""Answers every file that a contact sends with its SHA-256.

    hedgerow run &
    python3 docs/examples/hash_bot.py DATA_DIR

It needs Python 3.8 and nothing else. It looks once a second for what has come; a program that has a WebSocket client
listens to /v1/events as well, and looks whenever an event comes. Either way it looks at everything when it begins, so
it misses nothing that came while it was away or while the node was.
"""

import hashlib
import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

LARGEST = 100_000_000  # Bytes of a file that it asks for, where the node does not load it by itself.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(directory, method, path, body=None):
    """Makes one request. Port and token are new at each start of the node."""
    address = json.loads((directory / "lock").read_text())["address"]
    token = (directory / "token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://{address}/v1{path}", data, headers, method=method)
    return DIRECT.open(request, timeout=70)


def files(directory):
    """Every message of somebody else that has a file: its path, and the message."""
    for chat in json.load(ask(directory, "GET", "/conversations")):
        path, before = f"/conversations/{chat['id']}", ""
        while before is not None:
            page = json.load(ask(directory, "GET", f"{path}/files?limit=100{before}"))
            for message in page["messages"]:
                if message["author"] is not None:
                    yield path, message
            before = page["older"] and f"&before={page['older']}"


def answer(directory, path, message):
    """Hashes the file of a message and answers it."""
    sha256 = hashlib.sha256()
    with ask(directory, "GET", f"{path}/messages/{message['id']}/file") as file:
        while part := file.read(1 << 20):
            sha256.update(part)
    text = f"{message['file']['name']}: {sha256.hexdigest()}"
    ask(directory, "POST", f"{path}/messages", {"text": text, "reply_to": message["id"]}).close()


def look(directory, done):
    """Answers the files that are here and not done, and asks for those that wait to be asked for."""
    for path, message in files(directory):
        file, id = message["file"], message["id"]
        if file["state"]["state"] == "here" and id not in done:
            answer(directory, path, message)
            done.add(id)
        elif file["state"]["state"] == "offered" and file["size"] <= LARGEST:
            ask(directory, "PUT", f"{path}/messages/{id}/file/wanted", {"wanted": True}).close()


def main():
    directory = Path(sys.argv[1])
    here = (message for _, message in files(directory) if message["file"]["state"]["state"] == "here")
    done = {message["id"] for message in here}
    print("Ready.", flush=True)
    while True:
        try:
            look(directory, done)
        except (OSError, ValueError) as error:  # The node is locked, restarts or has stopped.
            print(error, file=sys.stderr)
        time.sleep(1)


main()
