"""What surrounds the program: plugins and configurations that do harm, a moody web server, a disk that can be filled."""

import collections
import http.server
import json
import os
import random
import socket
import subprocess
import threading
import time

DISK = 96 << 20


def free_port():
    """A port that nobody listens on, for a program that is started later, or again.

    It lies under those that the system hands to whoever connects: one of those may be somebody's own end of a connection
    by then.
    """
    while True:
        port = random.randrange(12_000, 32_000)
        try:
            socket.create_server(("0.0.0.0", port)).close()
            return port
        except OSError:
            continue


PLUGINS = {
    "count": """
return { api = 1, name = "count", permissions = { "write", "webhook", "run" },
  settings = { url = { default = "" } },
  on_study = function(study, settings)
    local scored = false
    for _, film in study.films do scored = scored or film.scored end
    if not scored then return nil end
    local once = tostring(study.id)
    return {
      { write = "studies.csv", text = once .. "\\n", once = once },
      { webhook = settings.url, body = { study = study.id }, once = once },
      { run = "page", once = once },
    }
  end }""",
    "loop": """
return { api = 1, name = "loop", on_study = function() while true do end end }""",
    "memory": """
return { api = 1, name = "memory", on_study = function()
  local all = {}
  for n = 1, 1000000000 do all[n] = string.rep("x", 1000000) .. n end end }""",
    "fail": """
return { api = 1, name = "fail", on_study = function() error(string.rep("no ", 100000)) end }""",
    "search": """
return { api = 1, name = "search", on_study = function()
  return { notify = tostring(string.find(string.rep("a", 50000), string.rep("a*", 12) .. "b")) } end }""",
    "hang": """
return { api = 1, name = "hang", permissions = { "run" },
  on_study = function(study) return { run = "hang", once = tostring(study.id) } end }""",
}
HOSTILE = [name for name in PLUGINS if name != "count"]

BROKEN = [
    "[quality\n",
    "[quality]\nblank = 7\n",
    "[inbox]\nsettle = \"soon\"\n",
    "x" * 100000,
    "[a]\n" * 5000,
    "\0\0\0\0",
    "[plugins]\nenabled = [\"count\", \"no such plugin\"]\nexports = 3\n",
]



class Hooks(http.server.ThreadingHTTPServer):
    """A web server that answers messages as it likes, and notes which it took."""

    def __init__(self, rng):
        super().__init__(("127.0.0.1", 0), Hook)
        self.rng, self.taken, self.kind = rng, collections.defaultdict(set), True
        self.url = f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, *_):
        """A connection that is broken on purpose, or by a kill, is nothing to report."""


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        mood = 1.0 if self.server.kind else self.server.rng.random()
        if mood < 0.1:
            return self.connection.close()
        if mood < 0.2:
            time.sleep(1.5)
        if mood < 0.4:
            return self.answer(503)
        self.server.taken[json.loads(body)["study"]].add(self.headers["Idempotency-Key"])
        self.answer(200)

    def answer(self, code):
        self.send_response(code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Lateness(threading.Thread):
    """How much later than it wanted a thread was woken that sleeps all the time: time that a busy machine gave nobody."""

    STEP = 0.05

    def __init__(self):
        super().__init__(daemon=True)
        self.seconds = 0.0

    def run(self):
        while True:
            before = time.monotonic()
            time.sleep(self.STEP)
            self.seconds += max(0.0, time.monotonic() - before - 2 * self.STEP)


def mounted(folder, size=DISK):
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
    return made.returncode == 0


def resident(process):
    try:
        with open(f"/proc/{process}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0
