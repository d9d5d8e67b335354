#!/usr/bin/env python3
"""Several hosts on one PostgreSQL while everything goes wrong: workers, intakes and dashboards of the real program.

    python3 tests/faults/hosts.py --films 20000 --seed 7 --binary target/release/cxr-triage

Films come into two inboxes that each host has mounted somewhere else. Meanwhile processes are killed and stopped, the
server is restarted, and the wire to it is cut. At the end all that is set right, and must be so: every film is in the
store once, every effect was done once, no duty was ever two processes' at once, the dashboards live.

Most films are held by a gate, so that they go the whole way but for the network; the share that is scored can be set.
Needs Python's standard library and PostgreSQL's programs. Exit code 0: all is as it must be; 1: something is not, and is
named; the folder of the run is then kept.
"""

import argparse
import collections
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import films
from postgres import Server, binaries, way_to
from surroundings import PLUGINS, Hooks

INBOXES = ("er", "icu")


class Process:
    """One process of the program on a host of its own, which a service manager starts again."""

    def __init__(self, run, name, words, keeps_open=False):
        self.run, self.name, self.words, self.keeps_open = run, name, words, keeps_open
        self.home = run.folder / name
        self.home.mkdir()
        self.child, self.wanted, self.starts = None, True, 0
        self.events = collections.Counter()
        self.lock = threading.Lock()
        threading.Thread(target=self.live, daemon=True).start()

    def mount(self, inbox):
        place = self.home / "mounted" / inbox
        if not place.exists():
            place.parent.mkdir(exist_ok=True)
            place.symlink_to(self.run.folder / "films" / inbox)
        return place

    def command(self):
        mounts = [word for inbox in INBOXES for word in ("--inbox", f"{inbox}={self.mount(inbox)}")]
        return [str(self.run.args.binary), *self.words, "--store", self.run.url, "--config",
                str(self.run.folder / "config.toml"), *mounts]

    def environment(self):
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        home = str(self.home)
        return kept | {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home, "XDG_STATE_HOME": home,
                       "CXR_TRIAGE_HOST": self.name, "RAYON_NUM_THREADS": "1"}

    def live(self):
        while self.wanted:
            with open(self.home / "stderr", "ab") as stderr:
                self.child = subprocess.Popen(self.command(), env=self.environment(), cwd=self.home, stdout=subprocess.PIPE,
                                              stdin=subprocess.PIPE if self.keeps_open else subprocess.DEVNULL, stderr=stderr)
            self.starts += 1
            with open(self.home / "events.jsonl", "ab") as kept:
                for line in self.child.stdout:
                    kept.write(line)
                    try:
                        self.events[json.loads(line)["event"]] += 1
                    except (ValueError, KeyError, TypeError):
                        self.events["lines"] += 1
                    if b"came late" in line:
                        self.events["late"] += 1
            code = self.child.wait()
            self.run.codes[code] += 1
            time.sleep(0.5)

    def signal(self, which):
        try:
            self.child.send_signal(which)
        except (OSError, AttributeError):
            pass


class Run:
    def __init__(self, args, folder):
        self.args, self.folder, self.rng = args, folder, random.Random(args.seed)
        self.figures, self.codes = collections.Counter(), collections.Counter()
        self.good, self.held = {}, {}
        self.holders, self.sampling = {}, True
        for inbox in INBOXES:
            (folder / "films" / inbox).mkdir(parents=True)
        (folder / "exports").mkdir()
        (folder / "plugins").mkdir()
        few = (f'if study.id % {args.every} ~= 0 then return {{ write = "studies.csv", text = study.id .. "\\n", '
               "once = tostring(study.id) } end")
        (folder / "plugins/count.luau").write_text(PLUGINS["count"].replace("if not scored then return nil end", few))
        self.hooks = Hooks(random.Random(args.seed + 1))
        threading.Thread(target=self.hooks.serve_forever, daemon=True).start()
        self.configure()
        self.server = Server(folder)
        self.server.start()
        self.wire = way_to(self.server.port)
        self.url = f"postgres://postgres@127.0.0.1:{self.wire.port}/postgres?sslmode=disable"
        self.processes = []

    def configure(self):
        page = ["/bin/sh", "-c", f"echo $CXR_IDEMPOTENCY_KEY >> '{self.folder}/pages'"]
        (self.folder / "config.toml").write_text("\n".join([
            "[quality]", 'inverted = "off"', 'out_of_distribution = "off"', 'clipped = "off"', "[similar]", "keep = false",
            "[triage]", 'quiet_period = "2s"',
            "[plugins]", 'enabled = ["count"]', f'exports = "{self.folder}/exports"',
            f"webhooks = [{json.dumps(self.hooks.url)}]", f"programs = {{ page = {json.dumps(page)} }}",
            "[plugins.count]", 'allow = ["write", "webhook", "run"]', f"url = {json.dumps(self.hooks.url)}", "",
        ]))

    def complain(self, what):
        print(f"FAULT: {what}", flush=True)
        self.figures["faults found"] += 1

    def start(self):
        args = self.args
        for number, inbox in zip(range(args.intakes), INBOXES * args.intakes):
            self.processes.append(Process(self, f"intake{number + 1}", ["watch", inbox, "--headless"]))
            # The first one makes the store.
            time.sleep(2 if number == 0 else 0)
        for number in range(args.workers):
            self.processes.append(Process(self, f"worker{number + 1}", ["work"]))
        for number in range(args.dashboards):
            self.processes.append(Process(self, f"desk{number + 1}", ["watch", "--follow", "--plain"], keeps_open=True))

    def deliver(self):
        """All films, as fast as they can be written."""
        rng = random.Random(self.args.seed + 2)
        base = films.grey(rng)
        low = bytes(value & 31 for value in range(256))
        for number in range(self.args.films):
            pixels = bytearray(base)
            pixels[1000:9000] = rng.randbytes(8000).translate(low)
            scored = rng.random() < self.args.scored
            content = films.dicom(number, bytes(pixels), part="CHEST" if scored else "HIP")
            folder = self.folder / "films" / rng.choice(INBOXES) / f"{number // 1000}"
            folder.mkdir(exist_ok=True)
            (folder / f"{number}.part").write_bytes(content)
            os.rename(folder / f"{number}.part", folder / f"{number}.dcm")
            (self.good if scored else self.held)[hashlib.sha256(content).hexdigest()] = f"{number}.dcm"
        self.figures["films"] = self.args.films

    def sample(self):
        """Which process has which duty: a number of a duty never belongs to two."""
        while self.sampling:
            time.sleep(0.5)
            try:
                rows = self.server.ask("SELECT name, token, holder FROM duties")
            except (OSError, subprocess.TimeoutExpired):
                continue
            for name, token, holder in rows:
                if self.holders.setdefault((name, token), holder) != holder:
                    self.complain(f"the duty {name}, number {token}, is {holder}'s and {self.holders[name, token]}'s")

    # Faults

    def kill(self):
        self.rng.choice(self.processes).signal(signal.SIGKILL)

    def pause(self):
        process = self.rng.choice(self.processes)
        process.signal(signal.SIGSTOP)
        # Some for longer than a lease.
        timer = threading.Timer(self.rng.choice([1, 5, 30]), process.signal, [signal.SIGCONT])
        timer.daemon = True
        timer.start()

    def misbehave(self):
        begun = time.monotonic()
        span = self.args.seconds
        planned = [(span * (n + 0.5) / self.args.restarts, "restart") for n in range(self.args.restarts)]
        planned += [(span * (n + 1) / (self.args.cuts + 1), "cut") for n in range(self.args.cuts)]
        if self.args.outage:
            planned.append((span / 2, "outage"))
        planned.sort()
        self.hooks.kind = False
        while time.monotonic() - begun < span:
            time.sleep(self.rng.uniform(0.2, self.args.gap))
            what = None
            if planned and planned[0][0] <= time.monotonic() - begun:
                what = planned.pop(0)[1]
            if what == "restart":
                self.server.restart(self.rng.choice(["fast", "immediate"]))
            elif what == "outage":
                self.server.stop()
                time.sleep(self.args.outage)
                self.server.start()
                begun += self.args.outage
            elif what == "cut":
                self.wire.cut()
                time.sleep(self.args.cut)
                self.wire.mend()
            else:
                fault = self.rng.choice([self.kill, self.pause])
                what = fault.__name__
                fault()
            self.figures[what] += 1

    # The end

    def ask(self, question):
        return self.server.ask(question)

    def left(self):
        queued = int(self.ask("SELECT count(*) FROM files WHERE state = 'queued'")[0][0])
        known = int(self.ask("SELECT count(*) FROM films")[0][0])
        waiting = int(self.ask("SELECT count(*) FROM outbox WHERE state = 'waiting'")[0][0])
        growing = int(self.ask("SELECT count(*) FROM studies WHERE complete = 0")[0][0])
        lacking = self.args.films - len(self.written())
        return queued, self.args.films - known, waiting, growing, max(0, lacking)

    def settle(self):
        self.hooks.kind = True
        for process in self.processes:
            process.signal(signal.SIGCONT)
        moved, before = time.monotonic(), None
        while time.monotonic() - moved < self.args.patience:
            time.sleep(1)
            try:
                now = self.left()
            except (OSError, subprocess.TimeoutExpired) as error:
                now = str(error)
            if now != before:
                moved, before = time.monotonic(), now
            if now == (0, 0, 0, 0, 0):
                return
        self.complain(f"nothing moves any more: queued, missing, effects, growing, lines: {before}")

    def written(self):
        file = self.folder / "exports/studies.csv"
        return collections.Counter(file.read_text().split()) if file.exists() else collections.Counter()

    def check(self):
        found = collections.defaultdict(list)
        for sha, state in self.ask("SELECT sha256, state FROM films"):
            found[sha].append(state)
        for wanted, expected in (("scored", self.good), ("held", self.held)):
            for sha, name in expected.items():
                if found[sha] != [wanted]:
                    self.complain(f"{name} must be {wanted} once, and is {found[sha] or 'nowhere'}")
        studies = {study for (study,) in self.ask("SELECT DISTINCT study FROM films")}
        written = self.written()
        pages = (self.folder / "pages").read_text().split() if (self.folder / "pages").exists() else []
        for study in studies | set(written):
            if written[study] != 1:
                self.complain(f"the line of study {study} was written {written[study]} times")
        for study, keys in self.hooks.taken.items():
            if len(keys) != 1:
                self.complain(f"the message of study {study} came with {len(keys)} keys")
        loud = {study for study in studies if int(study) % self.args.every == 0}
        if {str(study) for study in self.hooks.taken} != loud or len(set(pages)) != len(loud):
            self.complain(f"{len(loud)} studies to tell of, {len(self.hooks.taken)} messages, {len(set(pages))} programs")
        self.figures["messages"], self.figures["programs"] = len(self.hooks.taken), len(set(pages))
        places = {place.split(":")[0] for (place,) in self.ask("SELECT encode(path, 'escape') FROM files")} \
            if self.ask("SELECT data_type FROM information_schema.columns WHERE table_name = 'files' AND column_name = 'path'")[0][0] == "bytea" \
            else {place.split(":")[0] for (place,) in self.ask("SELECT path FROM files")}
        if places != set(INBOXES):
            self.complain(f"files lie in {places}")
        self.figures["studies"], self.figures["duties changed hands"] = len(studies), len(self.holders)

    def finish(self):
        for process in self.processes:
            process.wanted = False
        for process in self.processes:
            if process.name.startswith("desk") and (process.child is None or process.child.poll() is not None):
                self.complain(f"the dashboard {process.name} does not live")
            process.signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.child.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.complain(f"{process.name} did not end within 20 s")
                process.child.kill()
        self.sampling = False

    def tell(self, seconds):
        print(f"seed {self.args.seed}, {self.args.films} films, {seconds:.0f} s in all")
        for what, count in sorted(self.figures.items()):
            print(f"  {what}: {count}")
        for process in self.processes:
            events = ", ".join(f"{count} {what}" for what, count in sorted(process.events.items()))
            print(f"  {process.name}: {process.starts} starts; {events}")
        print(f"  exit codes: {', '.join(f'{code} ({count})' for code, count in sorted(self.codes.items())) or 'none'}")


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    arguments.add_argument("--films", type=int, default=300)
    arguments.add_argument("--scored", type=float, default=0.1, help="share of the films that the network scores")
    arguments.add_argument("--seconds", type=float, default=60, help="how long things go wrong")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--workers", type=int, default=4)
    arguments.add_argument("--intakes", type=int, default=2)
    arguments.add_argument("--dashboards", type=int, default=3)
    arguments.add_argument("--every", type=int, default=1, help="each so manieth study is told of by a message and a program")
    arguments.add_argument("--restarts", type=int, default=5, help="of the database server")
    arguments.add_argument("--cuts", type=int, default=2, help="of the wire to it")
    arguments.add_argument("--cut", type=float, default=25, help="seconds that a cut lasts")
    arguments.add_argument("--outage", type=float, default=0, help="seconds without the server, once, halfway; films go on coming")
    arguments.add_argument("--gap", type=float, default=4, help="seconds between two faults at most")
    arguments.add_argument("--patience", type=float, default=180, help="seconds without any change, at the end")
    arguments.add_argument("--binary", type=pathlib.Path, default=root / "target/release/cxr-triage")
    arguments.add_argument("--keep", action="store_true", help="keep the folder of the run")
    args = arguments.parse_args()
    args.binary = args.binary.resolve()
    if not binaries():
        print("skipped: PostgreSQL's programs are not here")
        return 0
    folder, begun = pathlib.Path(tempfile.mkdtemp(prefix="cxr-hosts-")), time.monotonic()
    run = Run(args, folder)
    try:
        run.start()
        threading.Thread(target=run.sample, daemon=True).start()
        delivering = threading.Thread(target=run.deliver, daemon=True)
        delivering.start()
        run.misbehave()
        delivering.join()
        run.settle()
        run.finish()
        run.check()
    finally:
        for process in run.processes:
            process.wanted = False
            process.signal(signal.SIGKILL)
        run.wire.mend()
        run.server.stop("immediate")
        run.tell(time.monotonic() - begun)
        if args.keep or run.figures["faults found"]:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if run.figures["faults found"] else 0


if __name__ == "__main__":
    sys.exit(main())
