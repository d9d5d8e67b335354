#!/usr/bin/env python3
"""What a shared store costs and carries: films a second on SQLite, on PostgreSQL, and on PostgreSQL with two workers, in turns
on one machine; and how many films a second one server gives out to 32 workers at once, by pgbench with the program's own
statement.

    python3 benches/hosts.py --binary target/release/cxr-triage --films 200 --rounds 3

Needs PostgreSQL's programs (tests/faults/postgres.py starts a server of its own), and nothing besides.
"""

import argparse
import datetime
import json
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/faults"))

import films
from postgres import Server, binaries

CLAIM = ROOT / "src/store/shared/claims.rs"


def claim_statement(worker, limit):
    """The statement by which the program claims films, as it stands in its source, for pgbench."""
    source = CLAIM.read_text()
    reach = re.search(r'macro_rules! within_reach.*?"(.*?)"', source, re.S)[1]
    start = source.index('"WITH due')
    text = source[start : source.index(");", source.index("ORDER BY coalesce(behind, claimed.id)"))]
    text = text.replace("within_reach!()", json.dumps(reach).replace("\\n", "\n")).replace("server_clock!()", '"CLOCK"')
    joined = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text))
    joined = joined.replace("CLOCK", "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)")
    values = {"1": "''", "2": "'h'", "3": worker, "4": "20000000", "5": "1", "6": str(limit)}
    return re.sub(r"\?(\d)", lambda found: values[found[1]], joined).replace("\n", " ") + ";\n"


def run(command, folder):
    """Runs a process to its end; the times of its events, in seconds."""
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env={
        "HOME": str(folder), "XDG_STATE_HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder),
        "PATH": "/usr/bin:/bin"})
    if done.returncode:
        sys.exit(f"{command}: {done.stderr}")
    return times(done.stdout)


def times(lines):
    found = []
    for line in lines.splitlines():
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("event") == "scored":
            found.append(datetime.datetime.fromisoformat(event["time"][:26].rstrip("Z") + "+00:00").timestamp())
    return found


def speed(times):
    """Films a second between the first result and the last, so that no start counts."""
    times = sorted(times)
    return (len(times) - 1) / (times[-1] - times[0])


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    arguments.add_argument("--binary", type=pathlib.Path, default=ROOT / "target/release/cxr-triage")
    arguments.add_argument("--films", type=int, default=200)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--seconds", type=int, default=10, help="of each run of pgbench")
    args = arguments.parse_args()
    if not binaries():
        return print("PostgreSQL's programs are not here")
    binary = str(args.binary.resolve())
    with tempfile.TemporaryDirectory(prefix="cxr-bench-") as folder:
        folder = pathlib.Path(folder)
        inbox, config = folder / "inbox", folder / "config.toml"
        inbox.mkdir()
        rng = random.Random(1)
        base, low = films.grey(rng), bytes(value & 31 for value in range(256))
        for number in range(args.films):
            pixels = bytearray(base)
            pixels[1000:9000] = rng.randbytes(8000).translate(low)
            (inbox / f"{number}.dcm").write_bytes(films.dicom(number, bytes(pixels)))
        config.write_text('[quality]\ninverted = "off"\nout_of_distribution = "off"\nclipped = "off"\n[similar]\nkeep = false\n')
        server = Server(folder)
        server.start()
        url = f"postgres://postgres@127.0.0.1:{server.port}/postgres?sslmode=disable&options=-c%20search_path%3D"
        schemas = iter(range(1000))

        def schema():
            name = f"s{next(schemas)}"
            server.ask(f"CREATE SCHEMA {name}")
            return url + name

        def watch(store):
            return speed(run([binary, "watch", str(inbox), "--headless", "--once", "--store", store, "--config", str(config)], folder))

        def two_workers():
            store = schema()
            run([binary, "enqueue", str(inbox), "--store", store, "--config", str(config)], folder)
            command = [binary, "work", "--until-empty", "--store", store, "--config", str(config)]
            children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder) for _ in range(2)]
            return speed([time for child in children for time in times(child.communicate()[0])])

        kinds = {"SQLite": lambda: watch(str(folder / f"{next(schemas)}.db")), "PostgreSQL": lambda: watch(schema()),
                 "PostgreSQL, two workers": two_workers}
        found = {kind: [] for kind in kinds}
        for _ in range(args.rounds):
            for kind, once in kinds.items():
                found[kind].append(once())
        for kind, speeds in found.items():
            print(f"{kind}: {statistics.median(speeds):.2f} films a second ({', '.join(f'{one:.2f}' for one in speeds)})")

        run([binary, "enqueue", str(inbox), "--store", schema(), "--config", str(config)], folder)
        name = f"s{next(schemas) - 1}"
        script = folder / "claim.sql"
        for what, queued in (("films given out, 4 at a time", 400_000), ("questions of idle workers", 0)):
            server.ask(f"TRUNCATE {name}.files CASCADE; INSERT INTO {name}.files (path, size, modified_ns, received_at) "
                       f"SELECT CAST('/in/' || n AS BYTEA), n, n, 0 FROM generate_series(1, {queued}) AS n; ANALYZE {name}.files")
            script.write_text(f"SET search_path = {name};\n" + claim_statement(":client_id", 4))
            script.chmod(0o644)
            done = subprocess.run([str(server.bin / "pgbench"), "-n", "-h", str(server.data), "-p", str(server.port), "-U", "postgres",
                                   "-c", "32", "-j", "2", "-T", str(args.seconds), "-f", str(script), "postgres"],
                                  capture_output=True, text=True)
            rate = float(re.search(r"tps = ([0-9.]+)", done.stdout)[1])
            print(f"{what}: {rate * (4 if queued else 1):.0f} a second, 32 workers ({rate:.0f} statements)")
        server.stop("fast")


if __name__ == "__main__":
    main()
