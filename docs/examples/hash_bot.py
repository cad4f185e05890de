#!/usr/bin/env python3
"""Answers every file that a contact sends with its SHA-256. While `hedgerow run` runs: hash_bot.py DATA_DIR

It looks once a second, and at everything: so it misses nothing that comes while it or the node is away. A program that
has a WebSocket client listens to /v1/events as well, and looks whenever an event comes.
"""
import hashlib
import json
import sys
import time
import urllib.request
from pathlib import Path

LARGEST = 100_000_000  # Bytes of a file that it asks for, where the node does not load it by itself.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
DIRECTORY = Path(sys.argv[1])

def ask(method, path, body=None):
    """Makes one request. Port and token are new at each start of the node."""
    address = json.loads((DIRECTORY / "lock").read_text())["address"]
    token = (DIRECTORY / "token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://{address}/v1{path}", data, headers, method=method)
    return DIRECT.open(request, timeout=70)

def files():
    """Each message of somebody else that has a file: its conversation, the message, the state of the file."""
    for chat in json.load(ask("GET", "/conversations")):
        path, before = f"/conversations/{chat['id']}", ""
        while before is not None:
            page = json.load(ask("GET", f"{path}/files?limit=100{before}"))
            theirs = (message for message in page["messages"] if message["author"] is not None)
            yield from ((path, message, message["file"]["state"]["state"]) for message in theirs)
            before = page["older"] and f"&before={page['older']}"

def answer(path, message):
    """Hashes the file of a message and answers it."""
    sha256 = hashlib.sha256()
    with ask("GET", f"{path}/messages/{message['id']}/file") as file:
        while part := file.read(1 << 20):
            sha256.update(part)
    text = f"{message['file']['name']}: {sha256.hexdigest()}"
    ask("POST", f"{path}/messages", {"text": text, "reply_to": message["id"]}).close()

done = {message["id"] for _, message, state in files() if state == "here"}
print("Ready.", flush=True)
while True:
    try:
        for path, message, state in files():
            if state == "here" and message["id"] not in done:
                answer(path, message)
                done.add(message["id"])
            elif state == "offered" and message["file"]["size"] <= LARGEST:
                ask("PUT", f"{path}/messages/{message['id']}/file/wanted", {"wanted": True}).close()
    except (OSError, ValueError) as error:  # The node is locked, restarts or has stopped.
        print(error, file=sys.stderr)
    time.sleep(1)
