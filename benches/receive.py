#!/usr/bin/env python3
"""The receiver against dcmtk's storescp: echoes, films to the disk, films to a ranked row, memory.

    python3 benches/receive.py --films 200 --binary target/release/cxr-triage

One sender (tests/faults/dicom_sender.py) sends to both. storescp answers without having written to the disk for good
(no fsync), and one process of it serves one association: with several, it forks. Needs dcmtk, Linux, Python's standard
library.
"""

import argparse
import contextlib
import os
import pathlib
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/faults"))

import films  # noqa: E402
from dicom_sender import DX, SUCCESS, Association, command, data_set, values  # noqa: E402
from surroundings import free_port  # noqa: E402

CONFIG = """
[quality]
inverted = "off"
out_of_distribution = "off"
clipped = "off"
[health]
min_free = "off"
[receive]
associations_per_address = 64
"""


def film(number, side):
    """A film of side x side pixels of 8 bits, in pieces that are drawn quickly."""
    rng = random.Random(number)
    line = bytes((x * 5 // 7 + rng.randrange(40)) % 200 + 20 for x in range(side))
    pixels = bytearray(b"".join(line[-y * 3 % 97:] + line[: -y * 3 % 97] if y * 3 % 97 else line for y in range(side)))[: side * side]
    pixels[:64] = rng.randbytes(64)
    return f"{films.ROOT}.3.{number}", data_set(films.dicom(number, bytes(pixels.ljust(side * side, b"\x40")), rows=side, columns=side))


@contextlib.contextmanager
def running(line, folder):
    home = str(folder / "home")
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    child = subprocess.Popen([str(word) for word in line], cwd=folder, env=kept | {"HOME": home, "XDG_DATA_HOME": home},
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield child
    finally:
        child.terminate()
        child.wait(30)


def wait_for(port):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            return Association(port).release()
        except OSError:
            time.sleep(0.05)
    raise SystemExit("nobody listens")


def send(port, sent, associations):
    """Sends films by several associations; seconds until the last was answered."""
    def share(number):
        association = Association(port)
        for instance, data in sent[number::associations]:
            status = association.store(instance, data)
            assert status == SUCCESS, f"{status:04X}H"
        association.release()

    threads = [threading.Thread(target=share, args=(number,)) for number in range(associations)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - begun


def echoes(port):
    """Milliseconds of an echo within an association, and of a connection with one echo."""
    association = Association(port)
    within = [timed(association.echo) for _ in range(500)]
    association.release()

    def whole():
        association = Association(port)
        association.echo()
        association.release()

    return statistics.median(within) * 1e3, statistics.median(timed(whole) for _ in range(100)) * 1e3


def timed(work):
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def resident(pid):
    """Bytes that a process and its children have for themselves."""
    total = 0
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for process in [pid, *map(int, children)]:
        for line in pathlib.Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith(("Private_Clean", "Private_Dirty")):
                total += int(line.split()[1]) << 10
    return total


def memory(port, pid, sent, associations=50):
    """Bytes more with so many associations that are each in the middle of a film."""
    before = resident(pid)
    held = [Association(port) for _ in range(associations)]
    for association in held:
        instance, data = sent
        said = command(sop_class=DX, field=1, message=1, priority=0, data=1, instance=instance)
        association.socket.sendall(values(1, said, 1) + values(1, data[: len(data) // 2], 0)[:-1])
    time.sleep(2)
    more = resident(pid) - before
    for association in held:
        association.close()
    return more


def rows(store):
    try:
        with sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=10) as opened:
            return opened.execute("SELECT count(*) FROM films").fetchone()[0]
    except sqlite3.Error:
        return 0


def to_ranked_row(folder, binary, sent, associations, storescp):
    """Seconds from the first byte of the first film to the row of the last."""
    inbox, store, port = folder / "inbox", folder / "store.db", free_port()
    inbox.mkdir(parents=True)
    (folder / "c.toml").write_text(CONFIG)
    watch = [binary, "watch", inbox, "--headless", "--store", store, "--config", folder / "c.toml"]
    with contextlib.ExitStack() as stack:
        if storescp:
            stack.enter_context(running(["storescp", "--fork", "-aet", "CXRTRIAGE", "+xa", "+uf", "-od", inbox, port], folder))
        else:
            watch += ["--receive", port]
        stack.enter_context(running(watch, folder))
        wait_for(port)
        while not store.exists():
            time.sleep(0.05)
        time.sleep(3)
        begun = time.monotonic()
        send(port, sent, associations)
        while rows(store) < len(sent):
            time.sleep(0.02)
            assert time.monotonic() - begun < 1800, "films do not come through"
        return time.monotonic() - begun


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    arguments.add_argument("--films", type=int, default=200)
    arguments.add_argument("--side", type=int, default=1024)
    arguments.add_argument("--associations", type=int, default=4)
    arguments.add_argument("--binary", type=pathlib.Path, default=ROOT / "target/release/cxr-triage")
    args = arguments.parse_args()
    binary = args.binary.resolve()
    sent = [film(number, args.side) for number in range(args.films)]
    print(f"{args.films} films of {len(sent[0][1]) / 1e6:.1f} MB, {args.associations} associations")
    with tempfile.TemporaryDirectory(prefix="cxr-receive-") as temporary:
        folder = pathlib.Path(temporary)
        for name in ("ours", "theirs"):
            place = folder / name
            (place / "inbox").mkdir(parents=True)
            (place / "c.toml").write_text(CONFIG)
            port = free_port()
            line = [binary, "receive", "inbox", "--port", port, "--config", "c.toml"]
            if name == "theirs":
                line = ["storescp", "--fork", "-aet", "CXRTRIAGE", "+xa", "+uf", "-od", "inbox", port]
            with running(line, place) as child:
                wait_for(port)
                within, whole = echoes(port)
                seconds = send(port, sent, args.associations)
                more = memory(port, child.pid, sent[0])
            word = "cxr-triage receive" if name == "ours" else "storescp --fork"
            print(f"{word}: echo {within:.2f} ms, with its association {whole:.2f} ms; {len(sent) / seconds:.0f} films/s until the "
                  f"answer; {more / 1e6:.1f} MB for 50 associations within a film")
        for storescp in (False, True):
            word = "storescp into the inbox of watch" if storescp else "watch --receive"
            seconds = to_ranked_row(folder / word.replace(" ", "-"), binary, sent, args.associations, storescp)
            print(f"{word}: {len(sent) / seconds:.1f} films/s from the socket to the ranked row")


if __name__ == "__main__":
    main()
