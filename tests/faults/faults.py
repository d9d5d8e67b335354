#!/usr/bin/env python3
"""Two days of faults in an hour: the real program, watching an inbox while everything around it goes wrong.

    python3 tests/faults/faults.py --seconds 3600 --seed 7 --binary target/release/cxr-triage

Films come, good ones, broken ones and copies, some written slowly. Meanwhile the program is killed and stopped, its
disk fills up, the inbox goes and comes back, films are swapped for pipes, links and folders and come back, the
configuration is changed and broken, the clock jumps (with libfaketime, --faketime FILE), a web server answers as it
likes, and hostile plugins run. At the end all that is set right, and must be so: every good film was scored once,
every bad one is held, every effect was done once, the program lives or was started again, and ends when it is told to.

Needs Python's standard library alone. As root the store lies on a small disk of its own, which can be filled. Exit code
0: all is as it must be; 1: something is not, and is named; the folder of the run is then kept.
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
import socket
import subprocess
import sys
import sqlite3
import tempfile
import threading
import time

import films
from store import Checks
from surroundings import BROKEN, HOSTILE, PLUGINS, Hooks, Lateness, mounted, resident

# Without a fault and with films in its queue, it must do something within this time.
IDLE = 90.0

class Run(Checks):
    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.rng = random.Random(args.seed)
        self.figures = collections.Counter()
        self.codes = collections.Counter()
        self.good, self.bad = {}, {}
        self.touched = set()
        self.swapped = []
        self.recent = collections.deque(maxlen=12)
        self.number = 0
        self.lock, self.placing, self.sated = threading.Lock(), threading.Lock(), False
        self.child, self.told, self.started, self.stopping = None, None, 0.0, False
        self.progress, self.largest = time.monotonic(), 0
        self.inbox, self.data = folder / "inbox", folder / "data"
        self.store = self.data / "store.db"
        self.inbox.mkdir()
        self.data.mkdir()
        self.disk = not args.no_disk and os.name == "posix" and os.geteuid() == 0 and mounted(self.data)
        (self.data / "exports").mkdir()
        (folder / "plugins").mkdir()
        self.hooks = Hooks(random.Random(args.seed + 1))
        threading.Thread(target=self.hooks.serve_forever, daemon=True).start()
        for name in PLUGINS:
            self.write_plugin(name)
        self.configure()
        self.clock("+0")
        self.lateness = Lateness()
        self.lateness.start()

    # The program

    def command(self, *more):
        return [str(self.args.binary), "watch", str(self.inbox), "--headless", "--store", str(self.store),
                "--config", str(self.folder / "config.toml"), *more]

    def environment(self):
        home = str(self.folder / "home")
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        kept |= {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home}
        if self.args.faketime and self.rng.random() < 0.7:
            kept |= {"LD_PRELOAD": str(self.args.faketime), "FAKETIME_TIMESTAMP_FILE": str(self.folder / "clock"),
                     "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
        return kept

    def start(self):
        with open(self.folder / "stderr", "ab") as stderr:
            self.child = subprocess.Popen(self.command(), env=self.environment(), cwd=self.folder,
                                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr)
        self.started = time.monotonic()
        self.figures["starts"] += 1
        threading.Thread(target=self.listen, args=(self.child.stdout,), daemon=True).start()

    def listen(self, out):
        with open(self.folder / "events.jsonl", "ab") as kept:
            for line in out:
                kept.write(line)
                self.progress = time.monotonic()
                self.figures["events"] += 1

    def keep_alive(self):
        """A service manager: starts it again when it has ended."""
        while not self.stopping:
            try:
                code = self.child.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                self.largest = max(self.largest, resident(self.child.pid))
                continue
            if self.stopping:
                return
            self.codes[code] += 1
            if code == 0 and self.child is not self.told:
                self.complain("the program ended by itself with code 0, so no service manager would start it again")
            time.sleep(0.3 if time.monotonic() - self.started > 2 else 1)
            with self.lock:
                if not self.stopping:
                    self.start()

    def complain(self, what):
        print(f"FAULT: {what}", flush=True)
        self.figures["faults found"] += 1

    # Films

    def deliver(self):
        """Films come at random moments."""
        rng = random.Random(self.args.seed + 2)
        while not self.sated:
            time.sleep(min(15, rng.expovariate(self.args.films_per_minute / 60)))
            self.number += 1
            name, content = (films.bad if rng.random() < 0.2 else films.good)(self.number, rng)
            kind = self.bad if "-" in name else self.good
            with self.placing:
                self.place(rng, self.inbox / rng.choice(["", "ward 3", "a/b"]), name, content)
            kind[hashlib.sha256(content).hexdigest()] = name
            self.figures["good films" if kind is self.good else "bad films"] += 1

    def place(self, rng, folder, name, content):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        if rng.random() < 0.3:
            with open(path, "wb") as file:
                half = rng.randrange(len(content))
                file.write(content[:half])
                file.flush()
                time.sleep(rng.choice([0.05, 0.2, 1.0]))
                file.write(content[half:])
            self.touched.add(str(path))
        else:
            (folder / f"{name}.part").write_bytes(content)
            os.rename(folder / f"{name}.part", path)
        if rng.random() < 0.1:
            shutil.copy(path, folder / f"copy of {name}")
            self.figures["copies"] += 1
        if "-" not in name:
            self.recent.append(path)

    # Faults, one at a time

    def kill(self):
        self.child.kill()

    def end(self):
        how = self.rng.choice([signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
        with self.lock:
            child = self.told = self.child
            late, begun = self.lateness.seconds, time.monotonic()
            child.send_signal(how)
        try:
            child.wait(timeout=self.args.end * 4)
        except subprocess.TimeoutExpired:
            child.kill()
        took, late = time.monotonic() - begun, self.lateness.seconds - late
        if took - late > self.args.end:
            self.complain(f"told to end, it took {took:.1f} s, of which the machine gave nobody time for {late:.1f} s")

    def stop(self):
        child = self.child
        child.send_signal(signal.SIGSTOP)
        time.sleep(self.rng.uniform(0.2, 4))
        child.send_signal(signal.SIGCONT)

    def fill_disk(self):
        ballast = self.data / "ballast"
        try:
            with open(ballast, "wb", buffering=0) as file:
                while True:
                    file.write(bytes(1 << 20))
        except OSError:
            pass
        try:
            with open(self.data / "ballast 2", "wb", buffering=0) as file:
                while True:
                    file.write(bytes(512))
        except OSError:
            pass
        time.sleep(self.rng.uniform(0.5, 5))
        if self.rng.random() < 0.3:
            self.child.kill()
            time.sleep(self.rng.uniform(0, 2))
        for name in ("ballast", "ballast 2"):
            (self.data / name).unlink(missing_ok=True)

    def remove_inbox(self):
        away = self.folder / "away"
        with self.placing:
            os.rename(self.inbox, away)
            time.sleep(self.rng.uniform(0.2, 4))
            # Somebody, or the program, may have made an empty one.
            shutil.rmtree(self.inbox, ignore_errors=True)
            os.rename(away, self.inbox)

    def swap(self):
        path = self.recent[self.rng.randrange(len(self.recent))] if self.recent else None
        if path is None or any(path == swapped for swapped, _ in self.swapped) or not path.is_file():
            return
        aside = self.folder / f"aside-{path.name}"
        os.rename(path, aside)
        kind = self.rng.randrange(5)
        if kind == 0:
            os.mkfifo(path)
        elif kind == 1:
            os.symlink(self.rng.choice(["/dev/zero", "nowhere", ".", str(aside)]), path)
        elif kind == 2:
            path.mkdir()
        elif kind == 3:
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(os.path.relpath(path))
        else:
            path.write_bytes(b"")
        self.touched.add(str(path))
        self.swapped.append((path, aside))

    def restore(self):
        path, aside = self.swapped.pop(0)
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
        os.rename(aside, path)
        os.utime(path)

    def touch(self):
        if self.recent:
            path = self.rng.choice(list(self.recent))
            when = time.time() + self.rng.choice([-10 * 365, -1, 1, 365]) * 86400
            if path.is_file() and not path.is_symlink():
                os.utime(path, (when, when))

    def clock(self, offset=None):
        draft = self.folder / "clock.new"
        draft.write_text((offset or self.rng.choice(["+0", "-86400", "+90000", "+7200", "-7200", "+30d", "+5", "-5"])) + "\n")
        os.replace(draft, self.folder / "clock")

    def configure(self, text=None, harmless=False):
        if text is None:
            hostile = [] if harmless else self.rng.sample(HOSTILE, self.rng.randrange(len(HOSTILE) + 1))
            programs = {"page": ["/bin/sh", "-c", f"echo $CXR_IDEMPOTENCY_KEY >> '{self.folder}/pages'"],
                        "hang": ["/bin/sleep", "3600"]}
            programs = ", ".join(f"{name} = {json.dumps(line)}" for name, line in programs.items())
            text = "\n".join([
                "[quality]", 'inverted = "off"', 'out_of_distribution = "off"', 'clipped = "off"',
                "[triage]", f'quiet_period = "{self.rng.choice([1, 2, 60])}s"',
                "[plugins]", f"enabled = {json.dumps(['count', *hostile])}", 'exports = "data/exports"',
                f"webhooks = [{json.dumps(self.hooks.url)}]", f"programs = {{ {programs} }}",
                "[plugins.count]", 'allow = ["write", "webhook", "run"]', f"url = {json.dumps(self.hooks.url)}",
                "[plugins.hang]", 'allow = ["run"]', "",
            ])
        draft = self.folder / "config.new"
        draft.write_text(text)
        os.replace(draft, self.folder / "config.toml")

    def break_config(self):
        self.configure(self.rng.choice(BROKEN))
        time.sleep(self.rng.uniform(0.2, 2))
        self.configure()

    def write_plugin(self, name=None):
        name = name or self.rng.choice(HOSTILE)
        (self.folder / "plugins" / f"{name}.luau").write_text(PLUGINS[name] + f"\n-- {self.rng.random()}\n")

    def misbehave(self):
        """Faults until the time is over."""
        faults = {self.kill: 5, self.end: 2, self.stop: 3, self.remove_inbox: 2, self.swap: 5, self.touch: 2,
                  self.configure: 2, self.break_config: 2, self.write_plugin: 2}
        if self.disk:
            faults[self.fill_disk] = 2
        if self.args.faketime:
            faults[self.clock] = 2
        kinds, weights = list(faults), list(faults.values())
        until = time.monotonic() + self.args.seconds
        self.hooks.kind = False
        while time.monotonic() < until:
            time.sleep(self.rng.uniform(0.2, self.args.gap))
            fault = self.rng.choices(kinds, weights)[0]
            if self.swapped and self.rng.random() < 0.4:
                fault = self.restore
            self.figures[fault.__name__.replace("_", " ")] += 1
            with open(self.folder / "faults.log", "a") as log:
                log.write(f"{time.time():.3f} {fault.__name__}\n")
            fault()
            if time.monotonic() - self.progress > IDLE and self.queued():
                self.complain(f"nothing happened for {IDLE:.0f} s, with films in the queue")
                self.progress = time.monotonic()

    def settle(self):
        """All is set right; waits until the program has dealt with everything, as long as it gets on with it."""
        self.hooks.kind = True
        self.clock("+0")
        while self.swapped:
            self.restore()
        self.configure(harmless=True)
        moved, before = time.monotonic(), None
        while time.monotonic() - moved < self.args.patience:
            time.sleep(1)
            try:
                now = (self.ask("SELECT state, count(*) FROM files GROUP BY 1"), self.ask("SELECT count(*) FROM films"),
                       self.ask("SELECT state, count(*) FROM outbox GROUP BY 1"))
            except sqlite3.Error as error:
                now = str(error)
            if now != before:
                moved, before = time.monotonic(), now
            if not self.missing() and not self.waiting_effects():
                return

    def finish(self):
        """Ends it as a service manager does, and once more: nothing may be left to do."""
        self.stopping = True
        with self.lock:
            child = self.child
        late, begun = self.lateness.seconds, time.monotonic()
        child.terminate()
        try:
            code = child.wait(timeout=self.args.end * 4)
            took = time.monotonic() - begun - (self.lateness.seconds - late)
            if code != 0 or took > self.args.end:
                self.complain(f"at the end it took {took:.1f} s to leave, with code {code}")
        except subprocess.TimeoutExpired:
            child.kill()
            self.complain(f"at the end it did not leave within {self.args.end * 4:.0f} s")

    def tell(self):
        print(f"seed {self.args.seed}, {self.args.seconds} s of faults{'' if self.disk else ', no disk to fill'}"
              f"{'' if self.args.faketime else ', clock not changed'}")
        for what, count in sorted(self.figures.items()):
            print(f"  {what}: {count}")
        print(f"  exit codes: {', '.join(f'{code} ({count})' for code, count in sorted(self.codes.items())) or 'none'}")
        print(f"  memory: {self.largest >> 20} MB at most")


def main():
    # Whoever starts this with nohup has it ignored, and so would the program until it listens for it.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    root = pathlib.Path(__file__).resolve().parents[2]
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    arguments.add_argument("--seconds", type=float, default=60, help="how long things go wrong")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--binary", type=pathlib.Path, default=root / "target/release/cxr-triage")
    arguments.add_argument("--films-per-minute", type=float, default=40)
    arguments.add_argument("--gap", type=float, default=3, help="seconds between two faults at most")
    arguments.add_argument("--patience", type=float, default=400, help="seconds without any change, at the end")
    arguments.add_argument("--end", type=float, default=5, help="seconds that it may take to end when it is told to")
    arguments.add_argument("--faketime", type=pathlib.Path, help="libfaketime.so.1, to change the clock")
    arguments.add_argument("--no-disk", action="store_true", help="leave the disk alone, also as root")
    arguments.add_argument("--keep", action="store_true", help="keep the folder of the run")
    args = arguments.parse_args()
    args.binary = args.binary.resolve()
    args.faketime = args.faketime and args.faketime.resolve()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cxr-faults-"))
    run = Run(args, folder)
    os.chdir(folder)
    try:
        run.start()
        threads = [threading.Thread(target=work, daemon=True) for work in (run.keep_alive, run.deliver)]
        for thread in threads:
            thread.start()
        run.misbehave()
        run.sated = True
        threads[1].join()
        run.settle()
        run.finish()
        run.check()
    finally:
        run.stopping = True
        if run.child and run.child.poll() is None:
            run.child.kill()
        run.tell()
        kept = args.keep or run.figures["faults found"]
        if run.disk:
            if kept:
                shutil.copytree(run.data, folder / "data kept", ignore=shutil.ignore_patterns("ballast*"))
            subprocess.run(["umount", "-l", run.data])
        if kept:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if run.figures["faults found"] else 0


if __name__ == "__main__":
    sys.exit(main())
