#!/usr/bin/env python3
"""Hostile traffic against the receiver while a modality goes on sending films.

    python3 tests/faults/hostile.py --seconds 600 --binary target/release/cxr-triage

Everything that can connect to a port does so at once: random PDUs, wrong lengths, claims of 4 GB, slow writers, a
thousand connections, HTTP, films that break off. A modality from another address sends a film and an echo every half
second. It must be served all the time, and memory, threads and file handles of the receiver must stay below bounds
that do not depend on what peers claim.

Needs Linux and Python's standard library alone. Exit code 0: all is as it must be; 1: something is not, and is named.
"""

import argparse
import collections
import os
import pathlib
import random
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import films
from dicom_sender import DX, EXPLICIT, SUCCESS, Association, Refused, command, data_set, pdu, request, values
from surroundings import free_port

# The modality, a peer that is let in and does harm, and strangers: addresses of this machine.
MODALITY, ROGUE, STRANGERS = "127.0.0.9", "127.0.0.7", ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
CONFIG = f"""
[health]
min_free = "off"
[receive.peers]
"MODALITY" = "{MODALITY}"
"ROGUE" = "{ROGUE}"
"""
# docs/network.md: 256 connections that wait and 64 associations, each with a thread, a socket kept twice, a file.
THREADS, HANDLES, MEMORY = 256 + 64 + 40, 2 * (256 + 64) + 64 + 60, 128 << 20
# The longest that a modality may be kept waiting for an echo.
SLOW = 5.0


class Hostile:
    def __init__(self, port, seed):
        self.port, self.seed, self.stops, self.done = port, seed, False, collections.Counter()

    def connect(self, source):
        return socket.create_connection(("127.0.0.1", self.port), 5, (source, 0))

    def again(self, attack, number):
        """Attacks until the end; whatever the receiver does to the connection is fine."""
        rng = random.Random(f"{self.seed} {attack.__name__} {number}")
        while not self.stops:
            try:
                attack(rng)
            except (OSError, Refused, ValueError):
                pass
            self.done[attack.__name__.replace("_", " ")] += 1
            time.sleep(0.01)

    def rogue(self):
        return Association(self.port, calling="ROGUE", source=ROGUE, timeout=5)

    def random_bytes(self, rng):
        with self.connect(rng.choice(STRANGERS)) as peer:
            peer.sendall(rng.randbytes(rng.randrange(1, 70000)))
            peer.recv(100)

    def random_pdus(self, rng):
        """PDUs of every kind with random bodies, within an association."""
        peer = self.rogue()
        try:
            for _ in range(rng.randrange(1, 20)):
                peer.socket.sendall(pdu(rng.randrange(0, 9), rng.randbytes(rng.randrange(0, 3000))))
            peer.socket.recv(100)
        finally:
            peer.close()

    def wrong_lengths(self, rng):
        """A film whose PDUs, values and elements say other lengths than they have."""
        peer = self.rogue()
        try:
            said = command(sop_class=DX, field=1, message=1, priority=0, data=1, instance="1.2.3")
            film = bytearray(values(1, said, 1) + values(1, bytes(40000), 0))
            for _ in range(rng.randrange(1, 6)):
                film[rng.randrange(len(film))] = rng.randrange(256)
            peer.socket.sendall(film)
            peer.socket.recv(100)
        finally:
            peer.close()

    def claims_of_4_gb(self, rng):
        """A PDU, a value or a command of 4 GB, of which some megabytes come."""
        which = rng.randrange(3)
        if which == 0:
            with self.connect(rng.choice(STRANGERS)) as peer:
                peer.sendall(struct.pack(">BxI", 1, 0xFFFFFFFF) + bytes(1 << 16))
                return peer.recv(100)
        peer = self.rogue()
        try:
            flags = 0 if which == 1 else 1
            if flags == 0:
                peer.socket.sendall(values(1, command(sop_class=DX, field=1, message=1, priority=0, data=1, instance="1.2"), 1))
            peer.socket.sendall(struct.pack(">BxIIBB", 4, 0xFFFFFFFF, 0xFFFFFFFB, 1, flags))
            for _ in range(rng.randrange(200)):
                peer.socket.sendall(bytes(1 << 16))
        finally:
            peer.close()

    def slow_writers(self, rng):
        """A request, a byte a second."""
        with self.connect(rng.choice(STRANGERS)) as peer:
            for byte in request("MODALITY", "CXRTRIAGE", [(DX, EXPLICIT)]):
                peer.sendall(bytes([byte]))
                time.sleep(1)
                if self.stops:
                    return

    def slow_readers(self, rng):
        """Echoes without end, whose answers nobody reads."""
        peer = self.rogue()
        try:
            said = command(sop_class="1.2.840.10008.1.1", field=0x30, message=1, data=0x101)
            peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            while not self.stops:
                peer.socket.sendall(values(3, said, 1) * 50)
        finally:
            peer.close()

    def http(self, rng):
        with self.connect(rng.choice(STRANGERS)) as peer:
            peer.sendall(b"GET / HTTP/1.1\r\nHost: cxr\r\n\r\n" if rng.random() < 0.5 else b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03")
            peer.recv(100)

    def breaking_off(self, rng):
        """Films of which the end does not come."""
        peer = self.rogue()
        said = command(sop_class=DX, field=1, message=1, priority=0, data=1, instance="1.2.3")
        film = values(1, said, 1) + values(1, rng.randbytes(200000), 0)
        peer.socket.sendall(film[: rng.randrange(len(film))])
        peer.close()

    def wrong_titles(self, rng):
        Association(self.port, calling=rng.choice(["MODALITY", "CT-2", "", "\x1b[31mX"]), source=rng.choice(STRANGERS)).close()

    def a_thousand_connections(self, rng):
        """A thousand at once, which say nothing."""
        held = []
        try:
            for _ in range(1000):
                held.append(self.connect(rng.choice(STRANGERS)))
            time.sleep(10)
        finally:
            for peer in held:
                peer.close()

    def start(self):
        for attack, times in [(self.random_bytes, 2), (self.random_pdus, 2), (self.wrong_lengths, 2), (self.claims_of_4_gb, 2),
                              (self.slow_writers, 20), (self.slow_readers, 2), (self.http, 2), (self.breaking_off, 2),
                              (self.wrong_titles, 2), (self.a_thousand_connections, 1)]:
            for number in range(times):
                threading.Thread(target=self.again, args=(attack, number), daemon=True).start()


def of_process(pid):
    """Memory, threads and file handles."""
    status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]) << 10, int(status["Threads"]), len(os.listdir(f"/proc/{pid}/fd"))


def modality(port, until, figures, faults, pid):
    """Sends a film and an echo every half second; notes how long each took, and what the receiver uses."""
    rng, number, pixels = random.Random(5), 0, films.grey(random.Random(5))
    while time.monotonic() < until:
        number += 1
        film = data_set(films.dicom(number, pixels[:-64] + rng.randbytes(64)))
        begun = time.monotonic()
        try:
            association = Association(port, calling="MODALITY", source=MODALITY, timeout=30)
            if association.echo() != SUCCESS:
                faults.append(f"echo {number} was not answered with success")
            figures["echo"].append(time.monotonic() - begun)
            status = association.store(f"{films.ROOT}.3.{number}", film)
            figures["film"].append(time.monotonic() - begun)
            association.release()
            if status != SUCCESS:
                faults.append(f"film {number} was answered with {status:04X}H")
        except (OSError, Refused) as error:
            faults.append(f"the modality was not served after {time.monotonic() - begun:.1f} s: {error!r}")
        figures["used"].append(of_process(pid))
        time.sleep(0.5)


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    arguments.add_argument("--seconds", type=float, default=600)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--binary", type=pathlib.Path, default=root / "target/release/cxr-triage")
    args = arguments.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cxr-hostile-"))
    (folder / "inbox").mkdir()
    (folder / "config.toml").write_text(CONFIG)
    port = free_port()
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    # The unit of docs/install.md has so many.
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
    with open(folder / "events.jsonl", "wb") as events, open(folder / "stderr", "wb") as stderr:
        child = subprocess.Popen([args.binary.resolve(), "receive", "inbox", "--port", str(port), "--config", "config.toml"],
                                 cwd=folder, env=kept | {"HOME": str(folder)}, stdin=subprocess.DEVNULL, stdout=events,
                                 stderr=stderr, preexec_fn=limit)
    faults, figures = [], collections.defaultdict(list)
    try:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                Association(port, calling="MODALITY", source=MODALITY).release()
                break
            except OSError:
                time.sleep(0.1)
        before = of_process(child.pid)
        hostile = Hostile(port, args.seed)
        hostile.start()
        modality(port, time.monotonic() + args.seconds, figures, faults, child.pid)
        hostile.stops = True
        most = [max(column) for column in zip(*figures["used"])]
        for what, used, bound in [("memory", most[0] - before[0], MEMORY), ("threads", most[1], THREADS), ("handles", most[2], HANDLES)]:
            if used > bound:
                faults.append(f"{what}: {used}, where at most {bound} were expected")
        slow = sorted(figures["echo"])
        if slow and slow[len(slow) * 99 // 100] > SLOW:
            faults.append(f"one echo in a hundred took {slow[len(slow) * 99 // 100]:.1f} s or more")
        if child.poll() is not None:
            faults.append(f"the receiver ended, with code {child.returncode}")
        here = [path for path in (folder / "inbox").iterdir() if path.is_file()]
        if len(here) < len(figures["film"]):
            faults.append(f"{len(figures['film'])} films were told to be stored, {len(here)} files lie in the inbox")
        child.send_signal(signal.SIGTERM)
        if child.wait(30) != 0:
            faults.append(f"told to end, it ended with code {child.returncode}")
        half = list((folder / "inbox/.cxr-receiving").iterdir())
        if half:
            faults.append(f"{len(half)} unfinished films are left")
        print(f"{args.seconds:.0f} s of hostile traffic, the modality sent {len(figures['film'])} films")
        for what in ("echo", "film"):
            times = sorted(figures[what]) or [0]
            print(f"  until the {what} was answered: median {times[len(times) // 2] * 1e3:.0f} ms, 99 % {times[len(times) * 99 // 100] * 1e3:.0f} ms, "
                  f"longest {times[-1] * 1e3:.0f} ms")
        print(f"  memory {before[0] >> 20} MB before, {most[0] >> 20} MB at most; threads at most {most[1]}, handles at most {most[2]}")
        print(f"  attacks: {', '.join(f'{what} {count}' for what, count in sorted(hostile.done.items()))}")
        print(f"  events printed: {(folder / 'events.jsonl').read_bytes().count(10)}")
    finally:
        if child.poll() is None:
            child.kill()
        for fault in faults[:20]:
            print(f"FAULT: {fault}")
        if faults:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
