"""A Hub on the loopback interface with one data set and, on demand, a fault.

    with Hub({"data/train-00000-of-00001.parquet": content}) as hub:
        ...  # a process with HF_ENDPOINT=hub.url
        hub.fault = "busy"

It answers the requests that `datasets.load_dataset` makes, seen in a log of them. Faults: a number (that status to
everything), "page" (HTML to everything), "busy" (503 to downloads), "cut" (a download ends halfway), "mute" (a download
never begins); a client can set one by PUT /fault/NAME. The statuses in `refusals`, each with a Retry-After, come first:
one for each download.
"""

import contextlib
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from lesion import config

REVISION = "0123456789abcdef0123456789abcdef01234567"
API = f"/api/datasets/{config.HUB_DATASET}"
FILES = f"/datasets/{config.HUB_DATASET}/resolve/"


class Hub:
    """Serves `files`, path -> content, at `url` while the `with` block lasts."""

    def __init__(self, files, fault=None):
        self.files, self.fault = files, fault
        self.refusals = []
        self.downloads = 0
        self.closed = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Answer,), {"hub": self}))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exception):
        self.closed.set()
        self.server.shutdown()
        self.server.server_close()


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub = None

    def do_GET(self):
        path = urlsplit(self.path).path
        if isinstance(self.hub.fault, int):
            self.send(self.hub.fault)
        elif self.hub.fault == "page":
            self.send(200, b"<html>Log in to this network</html>", {"Content-Type": "text/html"})
        elif path == API or path.startswith(f"{API}/revision/"):
            names = [{"rfilename": name} for name in self.hub.files]
            self.send_json({"id": config.HUB_DATASET, "sha": REVISION, "private": False, "siblings": names})
        elif path.startswith(f"{API}/tree/{REVISION}"):
            self.send_json(self.tree(path.removeprefix(f"{API}/tree/{REVISION}").strip("/")))
        elif path.startswith(FILES):
            self.send_file(path.removeprefix(FILES).partition("/")[2])
        else:
            self.send(404)

    do_HEAD = do_GET

    def do_PUT(self):
        name = self.path.rpartition("/")[2]
        self.hub.fault = int(name) if name.isdecimal() else name
        self.send(200)

    def tree(self, folder):
        inside = [name for name in self.hub.files if name.startswith(folder)]
        if not folder:
            folders = sorted({name.partition("/")[0] for name in inside})
            return [{"type": "directory", "path": name, "size": 0, "oid": REVISION} for name in folders]
        sizes = {name: len(self.hub.files[name]) for name in inside}
        return [{"type": "file", "path": name, "size": sizes[name], "oid": REVISION} for name in inside]

    def send_file(self, name):
        if name not in self.hub.files:
            return self.send(404, headers={"X-Error-Code": "EntryNotFound", "X-Repo-Commit": REVISION})
        content = self.hub.files[name]
        headers = {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": REVISION}
        download = self.command == "GET"
        self.hub.downloads += download
        if download and self.hub.refusals:
            status, seconds = self.hub.refusals.pop(0)
            return self.send(status, headers={"Retry-After": seconds})
        if download and self.hub.fault == "busy":
            return self.send(503)
        if download and self.hub.fault == "mute":
            self.hub.closed.wait()
        half = download and self.hub.fault == "cut"
        self.close_connection = half
        return self.send(200, content[: len(content) // 2] if half else content, headers, len(content))

    def send_json(self, value):
        self.send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def send(self, status, content=b"", headers=None, length=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        if self.command == "GET":
            with contextlib.suppress(OSError):  # the client gave up waiting
                self.wfile.write(content)

    def log_message(self, *parts):
        pass
