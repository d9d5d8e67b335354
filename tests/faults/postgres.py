"""A PostgreSQL server for a run, and a wire to it that can be cut. Needs the server's programs; nothing is installed."""

import asyncio
import glob
import os
import pathlib
import shutil
import subprocess
import threading

from surroundings import free_port


def binaries():
    """The folder of the newest server's programs, or none."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
    if found:
        return pathlib.Path(found[-1]).parent
    initdb = shutil.which("initdb")
    return initdb and pathlib.Path(initdb).parent


class Server:
    """One server on a port of this host; a server refuses to run as root, so root hands it to `postgres`."""

    def __init__(self, folder):
        self.bin, self.data, self.port = binaries(), folder / "postgres", free_port()
        self.data.mkdir()
        self.as_user = []
        if os.geteuid() == 0:
            shutil.chown(self.data, "postgres")
            os.chmod(folder, 0o755)
            self.as_user = ["runuser", "-u", "postgres", "--"]
        self.call("initdb", "-D", self.data / "d", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8")
        with open(self.data / "d/postgresql.conf", "a") as conf:
            conf.write(f"port = {self.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{self.data}'\n"
                       "max_connections = 300\nshared_buffers = '64MB'\n")

    def call(self, program, *arguments):
        subprocess.run([*self.as_user, str(self.bin / program), *map(str, arguments)], check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.data)

    def start(self):
        self.call("pg_ctl", "-D", self.data / "d", "-l", self.data / "log", "-w", "-t", "120", "start")

    def stop(self, how="fast"):
        self.call("pg_ctl", "-D", self.data / "d", "-m", how, "-w", "-t", "120", "stop")

    def restart(self, how):
        self.stop(how)
        self.start()

    def ask(self, question):
        """The rows of an answer, each a list of texts; asked past the wire that can be cut."""
        done = subprocess.run([str(self.bin / "psql"), "-h", str(self.data), "-p", str(self.port), "-U", "postgres", "-d",
                               "postgres", "-AtF", "\t", "-c", question], capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise OSError(done.stderr.strip())
        return [line.split("\t") for line in done.stdout.splitlines()]


def way_to(port):
    """A way to the server that can be cut: while it is, nothing passes and nobody is told."""
    return Firewall(port) if Firewall.can_be_had() else Wire(port)


class Firewall:
    """A rule of this machine's firewall, for whoever may make one."""

    def __init__(self, port):
        self.port, self.is_cut = port, False

    @staticmethod
    def can_be_had():
        return os.geteuid() == 0 and shutil.which("iptables") and not subprocess.run(
            ["iptables", "-w", "-S", "INPUT"], capture_output=True).returncode

    def rules(self, change):
        for end in ("--dport", "--sport"):
            subprocess.run(["iptables", "-w", change, "INPUT", "-p", "tcp", end, str(self.port), "-j", "DROP"], check=True)

    def cut(self):
        self.rules("-I")
        self.is_cut = True

    def mend(self):
        if self.is_cut:
            self.rules("-D")
        self.is_cut = False


class Wire(threading.Thread):
    """A port that leads to the server, by way of this process."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.to, self.port = port, free_port()
        self.loop = asyncio.new_event_loop()
        self.open = asyncio.Event()
        self.ready = threading.Event()
        self.start()
        self.ready.wait()

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.open.set()
        self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", self.port))
        self.ready.set()
        self.loop.run_forever()

    async def serve(self, reader, writer):
        await self.open.wait()
        try:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self.to)
        except OSError:
            return writer.close()
        await asyncio.gather(self.pass_on(reader, inner_writer), self.pass_on(inner_reader, writer))

    async def pass_on(self, reader, writer):
        try:
            while data := await reader.read(1 << 16):
                await self.open.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()

    def cut(self):
        self.loop.call_soon_threadsafe(self.open.clear)

    def mend(self):
        self.loop.call_soon_threadsafe(self.open.set)
