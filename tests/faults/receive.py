#!/usr/bin/env python3
"""Films by DICOM while the program is killed and its disk fills up: what a sender was told to be stored is in the list.

    python3 tests/faults/receive.py --films 10000 --associations 8 --kills 30 --fills 2 --binary target/release/cxr-triage

The real program (`watch --headless --receive`) is fed by several associations at once. It is killed with -9 and
started again, and as root its disk, a small one of its own that holds inbox and store, is filled to the last byte and
emptied again. Senders go on as modalities do: what was not answered with success is sent again. At the end each
film whose sender was told of success must lie in the inbox byte for byte and be in the list once, and nothing half
may lie there.

Needs Python's standard library alone. Exit code 0: all is as it must be; 1: something is not, and is named.
"""

import argparse
import collections
import hashlib
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

import films
from dicom_sender import OUT_OF_RESOURCES, SUCCESS, Association, Refused, data_set
from surroundings import free_port, mounted, resident

CONFIG = """
[quality]
inverted = "off"
out_of_distribution = "off"
clipped = "off"
[health]
min_free = "16 MiB"
[receive]
associations_per_address = 64
"""
# Without any progress for so long, something hangs.
STUCK = 300.0


class Run:
    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.rng = random.Random(args.seed)
        self.site = folder / "site"
        self.site.mkdir()
        self.disk = args.fills > 0 and os.geteuid() == 0 and mounted(self.site, args.disk << 20)
        self.inbox, self.store = self.site / "inbox", self.site / "data/store.db"
        self.inbox.mkdir()
        self.store.parent.mkdir()
        (folder / "config.toml").write_text(CONFIG)
        self.port = free_port()
        self.lock, self.told, self.answers = threading.Lock(), {}, collections.Counter()
        self.figures = collections.Counter()
        self.child, self.largest, self.moved = None, 0, time.monotonic()
        self.goes = threading.Event()
        self.goes.set()
        base = films.grey(self.rng)
        self.base = base[:-64]

    def film(self, number):
        """Instance and data set of a film of its own; most are refused by their header, so that they cost no scoring."""
        part = "CHEST" if number % self.args.scored == 0 else "HAND"
        mark = hashlib.sha512(f"{self.args.seed} {number}".encode()).digest()
        return f"{films.ROOT}.3.{number}", data_set(films.dicom(number, self.base + mark, part=part))

    # The program

    def start(self):
        home = str(self.folder / "home")
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        command = [str(self.args.binary), "watch", str(self.inbox), "--headless", "--receive", str(self.port), "--store",
                   str(self.store), "--config", str(self.folder / "config.toml")]
        with open(self.folder / "stderr", "ab") as stderr, open(self.folder / "events.jsonl", "ab") as events:
            self.child = subprocess.Popen(command, env=kept | {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home},
                                          cwd=self.folder, stdin=subprocess.DEVNULL, stdout=events, stderr=stderr)
        self.figures["starts"] += 1

    def complain(self, what):
        print(f"FAULT: {what}", flush=True)
        self.figures["faults found"] += 1

    # Senders

    def send_all(self, numbers):
        """Sends films until each was answered with success."""
        rng, waiting = random.Random(numbers[0]), collections.deque(numbers)
        while waiting:
            try:
                association = Association(self.port)
            except (OSError, Refused):
                time.sleep(0.1)
                continue
            try:
                for _ in range(min(len(waiting), rng.choice([1, 5, 50, 500]))):
                    self.goes.wait()
                    instance, data = self.film(waiting[0])
                    status = association.store(instance, data)
                    with self.lock:
                        self.answers[status] += 1
                        if status == SUCCESS:
                            self.told[waiting.popleft()] = hashlib.sha256(data).digest()
                            self.moved = time.monotonic()
                    if status != SUCCESS:
                        time.sleep(0.2)
                        break
                association.release()
            except OSError:
                association.close()
                self.figures["films broken off"] += 1

    # Faults

    def kill(self):
        self.child.kill()
        self.child.wait()
        self.figures["kills"] += 1
        self.start()

    def fill(self):
        ballast = self.site / "ballast"
        refused = self.answers[OUT_OF_RESOURCES]
        until = time.monotonic() + 60
        self.goes.clear()
        with open(ballast, "wb", buffering=0) as file:
            # Full to the last byte, for as long as it takes until senders are told so.
            while time.monotonic() < until and self.answers[OUT_OF_RESOURCES] < refused + 2 * self.args.associations:
                try:
                    file.write(bytes(1 << 16))
                except OSError:
                    self.goes.set()
                    time.sleep(0.05)
        ballast.unlink()
        self.figures["fills"] += 1
        if self.answers[OUT_OF_RESOURCES] == refused:
            self.complain("no sender was told that the disk is full")

    def misbehave(self, senders):
        """Kills and fills, spread over the films."""
        total = self.args.films
        plan = [(total * (n + 1) // (self.args.kills + 1), self.kill) for n in range(self.args.kills)]
        if self.disk:
            plan += [(total * (2 * n + 1) // (2 * self.args.fills), self.fill) for n in range(self.args.fills)]
        for at, fault in sorted(plan, key=lambda step: step[0]):
            while len(self.told) < at and any(sender.is_alive() for sender in senders):
                self.rest()
            fault()
        while any(sender.is_alive() for sender in senders):
            self.rest()

    def rest(self):
        time.sleep(0.01)
        self.largest = max(self.largest, resident(self.child.pid))
        if self.child.poll() is not None:
            self.complain(f"the program ended by itself, with code {self.child.returncode}")
            self.start()
        if time.monotonic() - self.moved > STUCK:
            raise SystemExit(f"nothing was stored for {STUCK:.0f} s: {dict(self.answers)}")

    # The end

    def ask(self, question):
        with sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=30) as store:
            return store.execute(question).fetchall()

    def settle(self):
        """Waits until the pipeline has dealt with everything."""
        moved, before = time.monotonic(), None
        while time.monotonic() - moved < STUCK:
            time.sleep(1)
            now = self.ask("SELECT (SELECT count(*) FROM files WHERE state = 'queued'), count(*) FROM films")[0]
            if now != before:
                moved, before = time.monotonic(), now
            if now[0] == 0 and now[1] >= len(self.told):
                return

    def finish(self):
        self.child.send_signal(signal.SIGTERM)
        code = self.child.wait(60)
        if code != 0:
            self.complain(f"told to end, it ended with code {code}")

    def check(self):
        held = collections.defaultdict(list)
        for path in self.inbox.glob("*"):
            if path.is_file():
                content = path.read_bytes()
                held[hashlib.sha256(data_set(content)).digest()].append(hashlib.sha256(content).hexdigest())
        sent = {hashlib.sha256(self.film(number)[1]).digest() for number in range(self.args.films)}
        listed = collections.Counter(sha for (sha,) in self.ask("SELECT sha256 FROM films"))
        for number, digest in self.told.items():
            here = held.get(digest, [])
            if len(here) != 1 or listed[here[0]] != 1:
                self.complain(f"film {number} was told to be stored: {len(here)} files, in the list "
                              f"{[listed[sha] for sha in here]} times")
        for digest in held.keys() - sent:
            self.complain(f"a file in the inbox is no film that was sent: {held[digest]}")
        if sum(listed.values()) != len(held):
            self.complain(f"the list has {sum(listed.values())} films, the inbox {len(held)}")
        half = list((self.inbox / ".cxr-receiving").glob("*"))
        if half:
            self.complain(f"unfinished films are left: {half}")
        if self.ask("PRAGMA integrity_check") != [("ok",)]:
            self.complain("the store is damaged")
        self.figures["films in the list"] = sum(listed.values())
        states = self.ask("SELECT state, count(*) FROM films GROUP BY 1")
        self.figures |= {f"films {state}": count for state, count in states}


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    arguments.add_argument("--films", type=int, default=10000)
    arguments.add_argument("--associations", type=int, default=8)
    arguments.add_argument("--kills", type=int, default=30)
    arguments.add_argument("--fills", type=int, default=2)
    arguments.add_argument("--scored", type=int, default=10, help="one film in so many is scored, the rest are held")
    arguments.add_argument("--disk", type=int, default=1500, help="MiB of the disk that is filled")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--binary", type=pathlib.Path, default=root / "target/release/cxr-triage")
    args = arguments.parse_args()
    args.binary = args.binary.resolve()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cxr-receive-"))
    run = Run(args, folder)
    try:
        begun = time.monotonic()
        run.start()
        shares = [list(range(share, args.films, args.associations)) for share in range(args.associations)]
        senders = [threading.Thread(target=run.send_all, args=(share,), daemon=True) for share in shares if share]
        for sender in senders:
            sender.start()
        run.misbehave(senders)
        sending = time.monotonic() - begun
        run.settle()
        settled = time.monotonic() - begun
        run.finish()
        run.check()
        print(f"{len(run.told)} films told to be stored in {sending:.0f} s, all in the list after {settled:.0f} s"
              f"{'' if run.disk or not args.fills else '; the disk could not be filled (not root)'}")
        for what, count in sorted(run.figures.items()):
            print(f"  {what}: {count}")
        print(f"  answers: {', '.join(f'{code:04X}H {count}' for code, count in sorted(run.answers.items()))}")
        print(f"  memory: {run.largest >> 20} MB at most")
    finally:
        if run.child and run.child.poll() is None:
            run.child.kill()
        if run.figures["faults found"]:
            shutil.copytree(run.site, folder / "kept", ignore=shutil.ignore_patterns("ballast"))
            print(f"kept: {folder}")
        if run.disk:
            subprocess.run(["umount", "-l", run.site])
        if not run.figures["faults found"]:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if run.figures["faults found"] else 0


if __name__ == "__main__":
    sys.exit(main())
