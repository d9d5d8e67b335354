#!/usr/bin/env python3
"""A week of a department in an hour: films at 150 times speed, staff, retention, a backup each night, faults by day.

    python3 tests/faults/week.py --day-seconds 514 --films-per-day 300 --binary target/release/cxr-triage

Films come by DICOM into an inbox that the retention may delete from. Somebody works through the list with a second
program (`watch --plain`): most studies are done within the day, some critical ones nobody ever looks at. Plugins fail
and are mended. On two days the disk fills up, to the last byte. Each night there is a backup, which must be whole, and
the program is told to end; it starts again with the clock a day later (libfaketime).

At the end no study that nobody saw may have lost a file, no film that a sender was told to be stored may be missing
in the list, each effect was done once, and inbox, store, log and backups must have stayed small. Needs libfaketime and
Python's standard library; as root the site lies on a small disk of its own. Exit code 0: all is as it must be.
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
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

import films
from dicom_sender import OUT_OF_RESOURCES, SUCCESS, Association, Refused, data_set
from surroundings import HOSTILE, PLUGINS, free_port, mounted

FAKETIME = [f"/usr/lib/{place}/faketime/libfaketime.so.1" for place in ("x86_64-linux-gnu", "aarch64-linux-gnu")]
COUNT = """
return { api = 1, name = "count", permissions = { "write" },
  on_study = function(study)
    for _, film in study.films do
      if film.scored then return { write = "studies.csv", text = tostring(study.id) .. "\\n", once = tostring(study.id) } end
    end
  end }"""
DAY = 86400 * 10**6
LOG_PART, LOG_PARTS = 16 << 20, 5
# Health has to be well again so long after a fault.
WELL = 45.0


class Week:
    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.rng = random.Random(args.seed)
        self.figures, self.answers = collections.Counter(), collections.Counter()
        self.site = folder / "site"
        self.site.mkdir()
        self.disk = os.geteuid() == 0 and mounted(self.site, args.disk << 20)
        self.inbox, self.data = self.site / "inbox", self.site / "data"
        self.store, self.backups, self.log = self.data / "store.db", self.site / "backups", self.data / "log"
        for place in (self.inbox, self.data, self.backups, self.data / "exports", folder / "plugins"):
            place.mkdir()
        (folder / "plugins/count.luau").write_text(COUNT)
        self.port = free_port()
        self.day, self.number, self.told = 0, 0, {}
        self.owner = self.staff = None
        self.waiting, self.ends, self.lock = collections.deque(), False, threading.Lock()
        self.sizes, self.never = [], set()
        self.label, self.critical = self.choose_threshold()
        self.configure()

    def complain(self, what):
        print(f"FAULT (day {self.day}): {what}", flush=True)
        self.figures["faults found"] += 1

    # The program

    def environment(self):
        home = str(self.folder / "home")
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        return kept | {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home, "LD_PRELOAD": self.args.faketime,
                       "FAKETIME": f"+{self.day * 86400}", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}

    def command(self, *words):
        return [str(self.args.binary), *map(str, words), "--config", str(self.folder / "config.toml")]

    def run(self, *words):
        return subprocess.run(self.command(*words), env=self.environment(), cwd=self.folder, capture_output=True, text=True)

    def start(self, words, **pipes):
        with open(self.folder / "stderr", "ab") as stderr:
            return subprocess.Popen(self.command(*words), env=self.environment(), cwd=self.folder, stderr=stderr, **pipes)

    def choose_threshold(self):
        """A label and a threshold of it above which a quarter of the films are."""
        place = self.folder / "sample"
        place.mkdir()
        for number in range(16):
            (place / f"{number}.dcm").write_bytes(self.film(10**6 + number)[1])
        (self.folder / "config.toml").write_text('[quality]\ninverted = "off"\nout_of_distribution = "off"\nclipped = "off"\n')
        lines = self.run("scan", place, "--json").stdout.splitlines()
        spread = collections.defaultdict(list)
        for line in lines:
            for film in json.loads(line)["films"]:
                for finding in film.get("findings") or []:
                    spread[finding["label"]].append(finding["probability"])
        label, found = max(spread.items(), key=lambda item: max(item[1]) - min(item[1]))
        shutil.rmtree(place)
        return label, min(0.98, max(0.02, sorted(found)[len(found) * 3 // 4]))

    def configure(self, hostile=()):
        alert = max(0.01, self.critical * 0.9)
        text = "\n".join([
            "[quality]", 'inverted = "off"', 'out_of_distribution = "off"', 'clipped = "off"',
            "[thresholds.starter]", f"{self.label} = {{ alert = {alert:.4f}, critical = {self.critical:.4f}, rank = true }}",
            "[triage]", 'quiet_period = "1s"',
            "[health]", 'min_free = "16 MiB"',
            "[log]", f'file = "{self.log}"', 'level = "debug"',
            "[plugins]", f"enabled = {json.dumps(['count', *hostile])}", f'exports = "{self.data}/exports"',
            "[plugins.count]", 'allow = ["write"]',
            "[retention]", f'folders = ["{self.inbox}"]', 'films = "2d"', 'min_free = "3%"', 'results = "4d"', "",
        ])
        draft = self.folder / "config.new"
        draft.write_text(text)
        os.replace(draft, self.folder / "config.toml")

    def morning(self):
        out = open(self.folder / "events.jsonl", "ab")
        self.owner = self.start(["watch", self.inbox, "--headless", "--receive", self.port, "--store", self.store],
                                stdin=subprocess.DEVNULL, stdout=out)
        self.until_well("in the morning")
        self.staff = self.start(["watch", "--plain", "--store", self.store], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)

    def until_well(self, when):
        until, said = time.monotonic() + WELL, ""
        while time.monotonic() < until:
            answer = self.run("health", "--json", "--store", self.store)
            if answer.returncode == 0:
                return
            said = answer.stdout
            time.sleep(0.5)
        reasons = [reason["text"] for reason in json.loads(said)["reasons"]] if said else []
        self.complain(f"{when} health says not ready for {WELL:.0f} s: {reasons}")

    # Films

    def film(self, number):
        rng = random.Random(f"{self.args.seed} {number}")
        return f"{films.ROOT}.3.{number}", films.dicom(number, films.grey(rng))

    def come(self):
        self.number += 1
        self.waiting.append(self.film(self.number))

    def deliver(self):
        """Sends what waits, as a modality does: what is not answered with success waits on."""
        while not self.ends:
            if not self.waiting:
                time.sleep(0.05)
                continue
            try:
                association = Association(self.port)
                while self.waiting:
                    instance, film = self.waiting[0]
                    status = association.store(instance, data_set(film))
                    self.answers[status] += 1
                    if status != SUCCESS:
                        time.sleep(0.2)
                        break
                    self.told[hashlib.sha256(data_set(film)).digest()] = instance
                    self.waiting.popleft()
                association.release()
            except (OSError, Refused):
                time.sleep(0.2)

    # A day

    def ask(self, question, *values):
        with sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=30) as store:
            return store.execute(question, values).fetchall()

    def work(self):
        """Somebody works through the list: every seventh critical study is never looked at."""
        studies = self.ask("SELECT id, severity = 'critical' AND acknowledged_at IS NULL FROM studies WHERE status <> 'done'")
        for study, is_alarm in studies:
            if is_alarm and study % 7 == 0 or study % 23 == 0:
                self.never.add(study)
            elif self.rng.random() < 0.4:
                self.say(f"done {study}")

    def say(self, line):
        try:
            self.staff.stdin.write(line.encode() + b"\n")
            self.staff.stdin.flush()
        except OSError as error:
            self.complain(f"the second program has gone: {error}")

    def fill(self):
        ballast, refused = self.site / "ballast", self.answers[OUT_OF_RESOURCES]
        until, is_full = time.monotonic() + max(5, min(15, self.args.day_seconds / 3)), False
        with open(ballast, "wb", buffering=0) as file:
            while time.monotonic() < until:
                try:
                    file.write(bytes(1 << 16))
                except OSError:
                    time.sleep(0.05)
                    if not is_full:
                        is_full = True
                        self.come()
        told = self.run("health", "--json", "--store", self.store)
        if told.returncode == 0:
            self.complain("health says ready with a full disk")
        ballast.unlink()
        self.figures["fills"] += 1
        self.figures["films refused for want of room"] += self.answers[OUT_OF_RESOURCES] - refused
        self.until_well("after the disk was full")

    def live_through(self, fills):
        begun, sent, faults = time.monotonic(), 0, [0.3, 0.6]
        while (passed := (time.monotonic() - begun) / self.args.day_seconds) < 1:
            while sent < passed * self.args.films_per_day:
                sent += 1
                self.come()
            if faults and passed > faults[0]:
                if faults.pop(0) == 0.3:
                    name = self.rng.choice(HOSTILE)
                    (self.folder / f"plugins/{name}.luau").write_text(PLUGINS[name])
                    self.configure([name])
                    self.figures["plugin faults"] += 1
                else:
                    self.configure()
                    if fills and self.disk:
                        self.fill()
            self.work()
            if self.owner.poll() is not None:
                self.complain(f"the program ended by itself, with code {self.owner.returncode}")
                self.morning()
            time.sleep(min(5, self.args.day_seconds / 8))

    def evening(self):
        """Everything that came is dealt with; then backup, retention, and the end of the day."""
        until = time.monotonic() + 300
        while time.monotonic() < until:
            queued, rows = self.ask("SELECT (SELECT count(*) FROM files WHERE state = 'queued'), count(*) FROM films")[0]
            if not self.waiting and not queued and rows >= len(self.told):
                break
            time.sleep(0.5)
        else:
            self.complain(f"{len(self.waiting)} films wait to be sent, {queued} to be scored, {rows} rows of {len(self.told)}")
        self.until_well("in the evening")
        backup = self.backups / f"night-{self.day}.db"
        made = self.run("store", "backup", backup, "--store", self.store)
        if made.returncode:
            self.complain(f"no backup: {made.stderr}")
        else:
            with sqlite3.connect(backup) as copy:
                whole = copy.execute("PRAGMA integrity_check").fetchall(), copy.execute("SELECT count(*) FROM films").fetchone()[0]
            if whole != ([("ok",)], rows):
                self.complain(f"the backup is not whole: {whole}, {rows} films in the store")
            self.figures["backups"] += 1
        for old in sorted(self.backups.iterdir(), key=lambda path: path.stat().st_mtime)[:-2]:
            old.unlink()
        gone = self.run("retention", "--store", self.store)
        if gone.returncode:
            self.complain(f"retention: {gone.stdout} {gone.stderr}")
        self.say("quit")
        self.staff.wait(20)
        self.owner.send_signal(signal.SIGTERM)
        code = self.owner.wait(20)
        if code:
            self.complain(f"told to end, it ended with code {code}")
        self.check_files()
        self.measure()
        # A log grows in years as long as this one does now: each night it is nearly full.
        with open(self.log, "ab") as log:
            log.write(b"of last year\n" * (max(0, LOG_PART - self.log.stat().st_size - 512) // 13))

    def check_files(self):
        """No file is gone of a study that is not over, and each has its reason in the audit."""
        here = {str(path) for path in self.inbox.iterdir()}
        listed = self.ask("SELECT files.path, files.removed_at, studies.id, studies.status = 'done', studies.status_at, "
                          "studies.severity = 'critical' AND studies.acknowledged_at IS NULL FROM files "
                          "JOIN films ON films.id = files.film JOIN studies ON studies.id = films.study")
        told = {study for (study,) in self.ask("SELECT study FROM events WHERE kind = 'deleted'")}
        for path, removed, study, is_done, done_at, is_unseen in listed:
            path = path.decode() if isinstance(path, bytes) else path
            if path in here:
                continue
            if not is_done or is_unseen or study in self.never:
                self.complain(f"the file of study {study} is gone, but nobody has seen it")
            elif removed is None or study not in told:
                self.complain(f"the file of study {study} is gone, and nothing tells of it")
        self.figures["files deleted"] = sum(1 for line in listed if line[1] is not None)

    def measure(self):
        size = lambda path: sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        logs = [file for file in self.data.iterdir() if file.name.startswith("log")]
        inbox = [file for file in self.inbox.iterdir() if file.is_file()]
        stores = sum(file.stat().st_size for file in self.data.iterdir() if file.name.startswith("store.db"))
        self.sizes.append((self.day, len(self.told), len(inbox), size(self.inbox), stores,
                           len(logs), sum(file.stat().st_size for file in logs), size(self.backups)))

    # The end

    def check(self):
        films_of_day = max(1, self.args.films_per_day)
        for day, told, inbox, _, store, logs, log_bytes, backups in self.sizes:
            # Two days' films, today's, and those that nobody has done or ever will.
            allowed = 3 * films_of_day + len(self.never) + films_of_day // 2 + 20
            if inbox > allowed:
                self.complain(f"in night {day} {inbox} films lie in the inbox, {allowed} may")
            if store > (8 << 20) + told * 40_000:
                self.complain(f"in night {day} the store has {store >> 20} MiB for {told} films")
            if logs > LOG_PARTS or log_bytes > LOG_PARTS * LOG_PART + (1 << 20):
                self.complain(f"in night {day} there are {logs} logs of {log_bytes >> 20} MiB")
            if backups > 3 * store + (4 << 20):
                self.complain(f"in night {day} the backups have {backups >> 20} MiB")
        if not any(line[5] > 1 for line in self.sizes):
            self.complain("the log was never put aside")
        rows = self.ask("SELECT state, count(*) FROM films GROUP BY 1")
        if sum(count for _, count in rows) != len(self.told):
            self.complain(f"{len(self.told)} films were told to be stored, the list has {rows}")
        if self.args.days > 4 and not self.ask("SELECT count(*) FROM events WHERE kind = 'forgotten'")[0][0]:
            self.complain("no patient was ever forgotten")
        if self.args.days > 3 and not self.figures["files deleted"]:
            self.complain("no film was ever deleted")
        scored = {study for (study,) in self.ask("SELECT DISTINCT study FROM films WHERE state = 'scored'")}
        written = collections.Counter((self.data / "exports/studies.csv").read_text().split())
        for study in scored:
            if written[str(study)] != 1:
                self.complain(f"the line of study {study} was written {written[str(study)]} times")
        if self.ask("PRAGMA integrity_check") != [("ok",)]:
            self.complain("the store is damaged")
        self.figures["critical studies that nobody saw"] = self.ask(
            "SELECT count(*) FROM studies WHERE severity = 'critical' AND acknowledged_at IS NULL")[0][0]
        self.figures["studies done"] = self.ask("SELECT count(*) FROM studies WHERE status = 'done'")[0][0]
        self.figures["patients forgotten"] = self.ask("SELECT count(*) FROM studies WHERE forgotten_at IS NOT NULL")[0][0]
        self.figures["films in the list"] = sum(count for _, count in rows)

    def tell(self):
        print(f"{self.args.days} days of {self.args.day_seconds:.0f} s, {self.args.films_per_day} films a day"
              f"{'' if self.disk else ', no disk to fill'}; critical: {self.label} from {self.critical:.3f} on")
        print("  night  films so far  in the inbox           store   logs            backups")
        for day, told, inbox, inbox_bytes, store, logs, log_bytes, backups in self.sizes:
            print(f"  {day:5}  {told:12}  {inbox:5} ({inbox_bytes / 1e6:6.1f} MB)  {store / 1e6:8.1f} MB  {logs} "
                  f"({log_bytes / 1e6:5.1f} MB)  {backups / 1e6:6.1f} MB")
        for what, count in sorted(self.figures.items()):
            print(f"  {what}: {count}")
        print(f"  answers: {', '.join(f'{code:04X}H {count}' for code, count in sorted(self.answers.items()))}")


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    arguments.add_argument("--days", type=int, default=7)
    arguments.add_argument("--day-seconds", type=float, default=514)
    arguments.add_argument("--films-per-day", type=int, default=300)
    arguments.add_argument("--disk", type=int, default=400, help="MiB of the disk that is filled")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--faketime", default=next((path for path in FAKETIME if os.path.exists(path)), None))
    arguments.add_argument("--binary", type=pathlib.Path, default=root / "target/release/cxr-triage")
    args = arguments.parse_args()
    args.binary = args.binary.resolve()
    if not args.faketime:
        print("skipped: libfaketime is not installed (Debian: faketime), or name it with --faketime")
        return 0
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cxr-week-"))
    week = None
    try:
        week = Week(args, folder)
        threading.Thread(target=week.deliver, daemon=True).start()
        for week.day in range(args.days):
            week.morning()
            week.live_through(fills=week.day in (args.days // 3, 2 * args.days // 3))
            week.evening()
        week.ends = True
        week.check()
        week.tell()
    finally:
        for child in (week and week.owner, week and week.staff):
            if child and child.poll() is None:
                child.kill()
        failed = week is None or week.figures["faults found"] or sys.exc_info()[0]
        if week and week.disk:
            if failed:
                shutil.copytree(week.data, folder / "data kept")
            subprocess.run(["umount", "-l", week.site])
        if failed:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
