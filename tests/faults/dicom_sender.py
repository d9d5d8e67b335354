"""A sender of films by DICOM (C-STORE, C-ECHO) in a hundred lines: what a modality says, and nothing else."""

import socket
import struct

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
VERIFICATION = "1.2.840.10008.1.1"
DX = "1.2.840.10008.5.1.4.1.1.1.1"
SUCCESS, OUT_OF_RESOURCES = 0x0000, 0xA700
APPLICATION = "1.2.840.10008.3.1.1.1"
IMPLEMENTATION = "1.2.826.0.1.3680043.10.1338.9"


class Refused(Exception):
    """The association was rejected; `transient`: trying again later may help."""

    def __init__(self, transient):
        super().__init__("the association was rejected")
        self.transient = transient


def item(kind, content):
    return struct.pack(">BxH", kind, len(content)) + content


def request(calling, called, contexts):
    """The request for an association; contexts are (class, syntax), numbered 1, 3, 5 ..."""
    items = item(0x10, APPLICATION.encode())
    for number, (sop_class, syntax) in enumerate(contexts):
        inner = item(0x30, sop_class.encode()) + item(0x40, syntax.encode())
        items += item(0x20, struct.pack(">Bxxx", 2 * number + 1) + inner)
    items += item(0x50, item(0x51, struct.pack(">I", 16384)) + item(0x52, IMPLEMENTATION.encode()))
    head = struct.pack(">Hxx16s16s32x", 1, called.ljust(16).encode(), calling.ljust(16).encode())
    return pdu(1, head + items)


def pdu(kind, body):
    return struct.pack(">BxI", kind, len(body)) + body


def values(context, content, is_command, most=16000):
    """A command or a data set as P-DATA PDUs."""
    pieces = [content[at : at + most] for at in range(0, len(content), most)] or [b""]
    out = []
    for number, piece in enumerate(pieces):
        flags = is_command | (2 if number + 1 == len(pieces) else 0)
        out.append(pdu(4, struct.pack(">IBB", len(piece) + 2, context, flags) + piece))
    return b"".join(out)


def command(**fields):
    """A command set; names are those of `NUMBERS`."""
    body = b""
    for name, number in NUMBERS.items():
        if name in fields:
            value = fields[name]
            value = value.encode() if isinstance(value, str) else struct.pack("<H", value)
            value += b"\0" * (len(value) % 2)
            body += struct.pack("<HHI", 0, number, len(value)) + value
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


NUMBERS = {"sop_class": 2, "field": 0x100, "message": 0x110, "priority": 0x700, "data": 0x800, "instance": 0x1000}


class Association:
    """An association with a receiver on this machine, from an address of it."""

    def __init__(self, port, calling="PEER", called="CXRTRIAGE", contexts=((DX, EXPLICIT), (VERIFICATION, IMPLICIT)),
                 source="127.0.0.1", timeout=60.0):
        self.contexts, self.message = list(contexts), 0
        self.socket = socket.create_connection(("127.0.0.1", port), timeout, (source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.socket.sendall(request(calling, called, self.contexts))
            kind, body = self.read()
            if kind != 2:
                raise Refused(kind == 3 and body[1] == 2)
        except BaseException:
            self.socket.close()
            raise

    def read(self):
        head = self.exactly(6)
        return head[0], self.exactly(struct.unpack(">I", head[2:])[0])

    def exactly(self, length):
        parts = []
        while length:
            part = self.socket.recv(min(length, 1 << 16))
            if not part:
                raise ConnectionError("the receiver closed the connection")
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def status(self):
        """The status of the next answer."""
        kind, body = self.read()
        if kind != 4:
            raise ConnectionError(f"PDU {kind} came in place of an answer")
        at = body.index(b"\0\0\0\x09\x02\0\0\0") + 8
        return struct.unpack("<H", body[at : at + 2])[0]

    def context(self, sop_class):
        return 2 * [known for known, _ in self.contexts].index(sop_class) + 1

    def store(self, instance, data, sop_class=DX):
        """Sends a data set; returns the status that the receiver answers."""
        self.message += 1
        number = self.context(sop_class)
        said = command(sop_class=sop_class, field=1, message=self.message, priority=0, data=1, instance=instance)
        self.socket.sendall(values(number, said, 1) + values(number, data, 0))
        return self.status()

    def echo(self):
        self.message += 1
        said = command(sop_class=VERIFICATION, field=0x30, message=self.message, data=0x101)
        self.socket.sendall(values(self.context(VERIFICATION), said, 1))
        return self.status()

    def release(self):
        try:
            self.socket.sendall(pdu(5, bytes(4)))
            self.read()
        finally:
            self.socket.close()

    def close(self):
        self.socket.close()


def data_set(file):
    """What stands behind the file meta information of a DICOM file."""
    length = struct.unpack("<I", file[140:144])[0]
    return file[144 + length :]
