"""Small films, good and bad, of patients that do not exist. Each has bytes of its own."""

import random
import struct
import zlib

SIDE = 224
ROOT = "1.2.826.0.1.3680043.10.1338"


def grey(rng):
    """Something with edges and noise: no chest, but nothing that the gates of header or blankness refuse."""
    rib, shift = rng.randrange(7, 12), rng.randrange(17)
    noise = rng.randbytes(SIDE * SIDE)
    return bytes(
        min(255, (x // rib + y // 11) % 2 * 60 + (noise[y * SIDE + x] & 31) + (x + y) // 4 + shift)
        for y in range(SIDE)
        for x in range(SIDE)
    )


def element(group, number, kind, value):
    if isinstance(value, str):
        value = value.encode()
    if len(value) % 2:
        value += b"\0" if kind in ("UI", "OB") else b" "
    head = struct.pack("<HH2s", group, number, kind.encode())
    length = struct.pack("<HI", 0, len(value)) if kind in ("OB", "OW") else struct.pack("<H", len(value))
    return head + length + value


def dicom(number, pixels, rows=SIDE, cut=None, part="CHEST", columns=SIDE):
    short = lambda n: struct.pack("<H", n)
    instance = f"{ROOT}.3.{number}"
    meta = b"".join([
        element(2, 2, "UI", "1.2.840.10008.5.1.4.1.1.1.1"),
        element(2, 3, "UI", instance),
        element(2, 0x10, "UI", "1.2.840.10008.1.2.1"),
    ])
    data = b"".join([
        element(8, 0x16, "UI", "1.2.840.10008.5.1.4.1.1.1.1"),
        element(8, 0x18, "UI", instance),
        element(8, 0x60, "CS", "DX"),
        element(0x10, 0x10, "PN", f"NOBODY^{number}"),
        element(0x10, 0x20, "LO", f"F{number:06}"),
        element(0x18, 0x15, "CS", part),
        element(0x18, 0x5101, "CS", "PA"),
        element(0x20, 0xD, "UI", f"{ROOT}.1.{number}"),
        element(0x20, 0xE, "UI", f"{ROOT}.2.{number}"),
        element(0x28, 2, "US", short(1)),
        element(0x28, 4, "CS", "MONOCHROME2"),
        element(0x28, 0x10, "US", short(rows)),
        element(0x28, 0x11, "US", short(columns)),
        element(0x28, 0x100, "US", short(8)),
        element(0x28, 0x101, "US", short(8)),
        element(0x28, 0x102, "US", short(7)),
        element(0x28, 0x103, "US", short(0)),
        element(0x7FE0, 0x10, "OW", pixels),
    ])
    whole = bytes(128) + b"DICM" + element(2, 0, "UL", struct.pack("<I", len(meta))) + meta + data
    return whole[:cut]


def png(pixels, width=SIDE, height=SIDE):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    lines = b"".join(b"\0" + pixels[y * SIDE : (y + 1) * SIDE] for y in range(SIDE))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def good(number, rng):
    """Name and bytes of a film that must be scored."""
    pixels = grey(rng)
    return (f"{number}.dcm", dicom(number, pixels)) if rng.random() < 0.7 else (f"{number}.png", png(pixels))


def bad(number, rng):
    """Name and bytes of a film that must be held: broken, or made to do harm."""
    pixels = grey(rng)
    kind = rng.randrange(8)
    if kind == 0:
        return f"{number}-cut.dcm", dicom(number, pixels, cut=-rng.randrange(2, 20000) * 2)
    if kind == 1:
        return f"{number}-rows.dcm", dicom(number, pixels, rows=65535)
    if kind == 2:
        return f"{number}-noise.dcm", bytes(128) + b"DICM" + rng.randbytes(rng.randrange(100, 5000))
    if kind == 3:
        return f"{number}-cut.png", png(pixels)[: -rng.randrange(200, 20000)]
    if kind == 4:
        return f"{number}-vast.png", png(pixels, 2_000_000_000, 2_000_000_000)
    if kind == 5:
        return f"{number}-noise.jpg", b"\xff\xd8\xff\xe0" + rng.randbytes(3000)
    if kind == 6:
        length = b"\xfe\xff\xff\xff" + rng.randbytes(40)
        return f"{number}-long.dcm", dicom(number, pixels)[:900] + b"\x09\x00\x10\x00OB\0\0" + length
    nested = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 3000
    return f"{number}-nested.dcm", dicom(number, pixels)[:500] + nested + struct.pack("<I", number)
