#!/usr/bin/env python3
"""The real dashboard on a terminal of a known speed: python3 benches/terminal.py PROGRAM FILMS [follower|pictures|keys]...

It follows a store that the same program has filled from the folder FILMS, in a pseudo-terminal that answers as a sixel
terminal, as kitty, as iTerm2, or not at all.

follower: time to the first frame and to the first one with studies, memory then and after six films were shown, with the
part of it that is no file.
pictures: bytes that the move to another study sends, by protocol and size of the window.
keys: keys at random moments, many of them while a picture is on its way; the time from each to the end of its frame, as it
comes out of a line of --kbit; without and with --bandwidth.
"""

import argparse
import fcntl
import os
import pty
import random
import re
import select
import shutil
import statistics
import struct
import subprocess
import tempfile
import termios
import time

CELL = (10, 20)
ANSWERS = {
    "sixel": "\x1b[?62;4;22c\x1b[6;20;10t\x1b[0n",
    "kitty": "\x1b_Gi=31;OK\x1b\\\x1b_Gi=32;OK\x1b\\\x1b[?62;c\x1b[6;20;10t\x1b[0n",
    "iterm2": "\x1b[?62;c\x1b[6;20;10t\x1b[0n",
    "halfblocks": "\x1b[?62;c\x1b[0n",
}
# Patterns: a frame ends; the selected study is drawn.
END = rb"\x1b\[\?2026l"
SELECTED = "▸".encode()


class Dashboard:
    """The program in a pseudo-terminal from which no more than so many bytes a second come."""

    def __init__(self, program, folder, protocol, size=(120, 40), rate=None, more=()):
        self.master, slave = pty.openpty()
        columns, rows = size
        window = struct.pack("HHHH", rows, columns, columns * CELL[0], rows * CELL[1])
        fcntl.ioctl(slave, termios.TIOCSWINSZ, window)
        keep = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        environment = {**keep, "TERM": "xterm-256color", "HOME": folder, "LOGNAME": "bench"}
        if protocol == "iterm2":
            environment["TERM_PROGRAM"] = "iTerm.app"
        self.started = time.monotonic()
        self.child = subprocess.Popen(
            [program, "watch", "--store", "store.db", *more], cwd=folder, env=environment,
            stdin=slave, stdout=slave, stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(slave)
        self.rate, self.allowed, self.since = rate, 0.0, time.monotonic()
        self.bytes, self.last, self.asked = bytearray(), time.monotonic(), ANSWERS[protocol]

    def read(self, wait):
        """Reads what the line lets through within `wait` seconds at most."""
        until = time.monotonic() + wait
        while True:
            now = time.monotonic()
            room = 65536
            if self.rate:
                # A line sends in small packets, and saves up no time.
                self.allowed = min(self.allowed + (now - self.since) * self.rate, self.rate * 0.01)
                self.since, room = now, int(self.allowed)
            if room and select.select([self.master], [], [], 0)[0]:
                try:
                    read = os.read(self.master, room)
                except OSError:
                    # It has ended, and what waits for more of it says so.
                    time.sleep(wait)
                    return
                self.allowed -= len(read)
                self.bytes += read
                self.last = time.monotonic()
                if self.asked and b"\x1b[5n" in self.bytes:
                    os.write(self.master, self.asked.encode())
                    self.asked = None
                return
            if now >= until:
                return
            time.sleep(0.0005)

    def wait_for(self, wanted, start=0, limit=120):
        """Waits for bytes behind `start`; returns the time at which they had come."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if re.compile(wanted, re.DOTALL).search(self.bytes, start):
                return time.monotonic()
            self.read(0.05)
        raise SystemExit(f"{wanted!r} did not come")

    def quiet(self, seconds=1.0):
        self.last = time.monotonic()
        while time.monotonic() - self.last < seconds:
            self.read(0.05)

    def press(self, keys):
        os.write(self.master, keys.encode())

    def memory(self):
        status = open(f"/proc/{self.child.pid}/status").read()
        return [int(re.search(name + r":\s+(\d+)", status)[1]) / 1024 for name in ("VmRSS", "RssAnon", "VmHWM")]

    def end(self):
        self.press("\x03")
        end = time.monotonic() + 5
        while self.child.poll() is None and time.monotonic() < end:
            self.read(0.01)
        self.child.kill()
        self.child.wait()
        os.close(self.master)


def follower(program, folder):
    first, studies, at_start, later = [], [], [], []
    for _ in range(10):
        dashboard = Dashboard(program, folder, "halfblocks")
        first.append(dashboard.wait_for(END) - dashboard.started)
        studies.append(dashboard.wait_for(SELECTED) - dashboard.started)
        dashboard.quiet(0.5)
        at_start.append(dashboard.memory())
        for _ in range(6):
            dashboard.press("j")
            dashboard.quiet(0.5)
        later.append(dashboard.memory())
        dashboard.end()
    for name, values in [("first frame, ms", first), ("first studies, ms", studies)]:
        print(f"{name:24} median {statistics.median(values) * 1000:6.0f}  most {max(values) * 1000:6.0f}")
    for name, values in [("at the start, MB", at_start), ("six films later, MB", later)]:
        now, own, most = (statistics.median(value) for value in zip(*values))
        print(f"{name:24} resident {now:6.1f}  without files {own:6.1f}  at most {most:6.1f}")


def pictures(program, folder, modes):
    print("bytes of a move to another study (median of six)")
    for more in modes:
        print(" ".join(more) or "whole")
        for size in [(80, 24), (120, 40), (200, 60)]:
            for protocol in ANSWERS:
                dashboard = Dashboard(program, folder, protocol, size, more=more)
                dashboard.wait_for(SELECTED)
                dashboard.quiet()
                sent = []
                for _ in range(6):
                    before = len(dashboard.bytes)
                    dashboard.press("j")
                    dashboard.quiet(2.0)
                    sent.append(len(dashboard.bytes) - before)
                dashboard.end()
                print(f"  {size[0]:3} x {size[1]:2}  {protocol:10} {statistics.median(sent):9.0f}")


def keys(program, folder, kbit, modes, count):
    print(f"milliseconds from a key to its frame over {kbit} kbit/s, {count} keys")
    for more in modes:
        print(" ".join(more) or "whole")
        for protocol in ANSWERS:
            dice = random.Random(7)
            dashboard = Dashboard(program, folder, protocol, rate=kbit * 125, more=more)
            dashboard.wait_for(SELECTED)
            dashboard.quiet(2.0)
            felt = []
            for at in range(count):
                start, pressed = len(dashboard.bytes), time.monotonic()
                dashboard.press("j" if at % 6 < 3 else "k")
                felt.append(dashboard.wait_for(SELECTED + b".*?" + END, start) - pressed)
                until = time.monotonic() + dice.uniform(0.1, 1.2)
                while time.monotonic() < until:
                    dashboard.read(0.01)
            dashboard.end()
            felt = sorted(value * 1000 for value in felt)
            at = lambda part: felt[int((len(felt) - 1) * part)]
            print(f"  {protocol:10} p50 {at(0.5):7.0f}  p95 {at(0.95):7.0f}  most {at(1):7.0f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("films")
    parser.add_argument("what", nargs="*", default=["follower", "pictures", "keys"])
    parser.add_argument("--kbit", type=int, default=256)
    parser.add_argument("--keys", type=int, default=60)
    parser.add_argument("--only", choices=["whole", "reduced"], help="without, or with --bandwidth alone")
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    modes = {"whole": [], "reduced": ["--bandwidth", f"{options.kbit}kbit/s"]}
    modes = [modes[options.only]] if options.only else list(modes.values())
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(options.films, os.path.join(folder, "inbox"))
        environment = {"HOME": folder, "PATH": os.environ["PATH"]}
        command = [program, "watch", "inbox", "--headless", "--store", "store.db"]
        subprocess.run([*command, "--once"], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
        owner = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE)
        owner.stdout.readline()
        try:
            for what in options.what:
                if what == "follower":
                    follower(program, folder)
                elif what == "pictures":
                    pictures(program, folder, modes)
                else:
                    keys(program, folder, options.kbit, modes, options.keys)
        finally:
            owner.kill()


if __name__ == "__main__":
    main()
