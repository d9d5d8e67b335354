#!/usr/bin/env python3
"""Makes small JPEG 2000 codestreams of every kind that the decoder must read, and what OpenJPEG makes of them.

Needs opj_compress and opj_decompress (OpenJPEG 2.5) and numpy. Usage: film_j2k.py FOLDER

Writes FOLDER/NAME.j2k and FOLDER/expected.json: of each component its size, precision, whether it is signed, and
the CRC-32 of its samples as little-endian words of 16 bits. Of irreversible pictures, where a decoder may differ by
1, NAME.raw has the samples themselves, in bytes or, above 8 bits, in little-endian words, component by component.
"""

import json
import math
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np


def picture(width, height, components=1, bits=8, signed=False, seed=1):
    """Blobs, an edge, a ramp and noise: shape (components, height, width)."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    planes = []
    for c in range(components):
        plane = 0.35 + 0.25 * np.sin(x / (7 + c)) * np.cos(y / 9) + 0.3 * x / max(width, 2)
        plane += 0.3 * ((x - width / 2) ** 2 + (y - height / 3) ** 2 < (min(width, height) / 4) ** 2)
        plane[height // 2 : height // 2 + 6, : width // 3] = c / 3
        plane += random.normal(0, 0.006 if bits <= 8 else 0.001, plane.shape)
        planes.append(plane)
    top = (1 << bits) - 1
    samples = np.clip(np.array(planes) * top, 0, top).round().astype(np.int32)
    return samples - (1 << bits - 1) if signed else samples


def raw(samples, bits, signed):
    kind = ("i" if signed else "u") + ("1" if bits <= 8 else "2")
    return b"".join(np.asarray(plane).astype("<" + kind).tobytes() for plane in samples)


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{command}: {done.stdout}{done.stderr}")


def encode(folder, size, options, components=1, bits=8, signed=False, steps=None, seed=1):
    """One codestream by opj_compress."""
    width, height = size
    samples = picture(width, height, components, bits, signed, seed)
    if steps:
        samples = [plane[::dy, ::dx] for plane, (dx, dy) in zip(samples, steps)]
    source, target = folder / "source.rawl", folder / "target.j2k"
    source.write_bytes(raw(samples, bits, signed))
    form = f"{width},{height},{components},{bits},{'s' if signed else 'u'}"
    if steps:
        form += "@" + ":".join(f"{dx}x{dy}" for dx, dy in steps)
    run("opj_compress", "-i", source, "-o", target, "-F", form, *options.split())
    return target.read_bytes()


# The codestream as markers and segments, for what opj_compress does not write


def take_apart(stream):
    """The segments of the main header, then (SOT fields, segments, data) of each tile-part."""
    at, main, parts = 2, [], []
    into = main
    while True:
        (marker,) = struct.unpack_from(">H", stream, at)
        if marker == 0xFFD9:
            return main, parts
        if marker == 0xFF90:
            start = at
            _, tile, length, part, count = struct.unpack_from(">HHIBB", stream, at + 2)
            into = []
            at += 12
            continue
        if marker == 0xFF93:
            end = start + length
            parts.append(((tile, part, count), into, stream[at + 2 : end]))
            at = end
            continue
        (length,) = struct.unpack_from(">H", stream, at + 2)
        into.append((marker, stream[at + 4 : at + 2 + length]))
        at += 2 + length


def put_together(main, parts):
    def segments(all_segments):
        return b"".join(struct.pack(">HH", marker, len(body) + 2) + body for marker, body in all_segments)

    stream = b"\xff\x4f" + segments(main)
    for (tile, part, count), header, data in parts:
        header = segments(header)
        length = 12 + len(header) + 2 + len(data)
        stream += struct.pack(">HHHIBB", 0xFF90, 10, tile, length, part, count) + header + b"\xff\x93" + data
    return stream + b"\xff\xd9"


def split_packets(data):
    """Headers and bodies of packets that have SOP and EPH markers; neither byte pair occurs elsewhere in them."""
    headers, bodies = b"", b""
    for packet in data.split(b"\xff\x91\x00\x04")[1:]:
        end = packet.index(b"\xff\x92") + 2
        headers += packet[2:end]
        bodies += packet[end:]
    return headers, bodies


def packed_in_tiles(stream):
    """Packet headers moved to PPT segments, two a tile-part, the second first."""
    main, parts = take_apart(stream)
    packed = []
    for sot, header, data in parts:
        headers, bodies = split_packets(data)
        half = len(headers) // 2
        first, second = bytes([2 * sot[1]]), bytes([2 * sot[1] + 1])
        ppt = [(0xFF61, second + headers[half:]), (0xFF61, first + headers[:half])]
        packed.append((sot, header + ppt, bodies))
    return put_together(main, packed)


def packed_in_main(stream):
    """Packet headers moved to PPM segments, one of which ends within a header."""
    main, parts = take_apart(stream)
    packed, all_headers = [], b""
    for sot, header, data in parts:
        headers, bodies = split_packets(data)
        all_headers += struct.pack(">I", len(headers)) + headers
        packed.append((sot, header, bodies))
    cut = 4 + struct.unpack_from(">I", all_headers)[0] + 7
    ppm = [(0xFF60, b"\x00" + all_headers[:cut]), (0xFF60, b"\x01" + all_headers[cut:])]
    return put_together(main + ppm, packed)


def by_component(stream):
    """COD and QCD tell nonsense, and COC and QCC of each component what is right."""
    main, parts = take_apart(stream)
    new = []
    for marker, body in main:
        if marker == 0xFF52:
            body, coding = bytearray(body), body[5:]
            body[5:10] = bytes([1, 0, 0, 0, 0])
            new.append((marker, bytes(body)))
            new += [(0xFF53, bytes([c, body[0] & 1]) + coding) for c in range(3)]
        elif marker == 0xFF5C:
            new.append((marker, bytes([0x40, 8, 8, 8, 8])))
            new += [(0xFF5D, bytes([c]) + body) for c in range(3)]
        else:
            new.append((marker, body))
    return put_together(new, parts)


def by_tile(stream):
    """COD and QCD in the main header tell nonsense, and those of each tile what is right."""
    main, parts = take_apart(stream)
    kept = [(marker, body) for marker, body in main if marker in (0xFF52, 0xFF5C)]
    changed = {0xFF52: kept[0][1][:5] + bytes([1, 0, 0, 0, 0]), 0xFF5C: bytes([0x40, 8, 8, 8, 8])}
    main = [(marker, changed.get(marker, body)) for marker, body in main]
    parts = [(sot, (kept if sot[1] == 0 else []) + header, data) for sot, header, data in parts]
    return put_together(main, parts)


def derived(stream):
    """One step size for all sub-bands: another picture, and a legal one."""
    main, parts = take_apart(stream)
    main = [(m, bytes([body[0] & 0xE0 | 1]) + body[1:3] if m == 0xFF5C else body) for m, body in main]
    return put_together(main, parts)


def overlapping(stream):
    """The order of the stream told in two volumes, of which the second leaves out what came in the first."""
    main, parts = take_apart(stream)
    volume = struct.Struct(">BBHBBB")
    return put_together(main + [(0xFF5F, volume.pack(0, 0, 1, 4, 3, 0) + volume.pack(0, 0, 3, 4, 3, 0))], parts)


def no_length(stream):
    """The last tile-part has length 0: it lasts to the end marker."""
    at = stream.rindex(b"\xff\x90\x00\x0a")
    return stream[: at + 6] + b"\0\0\0\0" + stream[at + 10 :]


def jp2(stream):
    """In a JP2 file."""
    x1, y1, x0, y0 = struct.unpack_from(">4I", stream, 8)
    header = struct.pack(">I4sIIHBBBB", 22, b"ihdr", y1 - y0, x1 - x0, 1, 7, 7, 0, 0) + struct.pack(">I4sBBBI", 15, b"colr", 1, 0, 0, 17)
    boxes = b"\0\0\0\x0cjP  \r\n\x87\n" + struct.pack(">I4s4sI4s", 20, b"ftyp", b"jp2 ", 0, b"jp2 ")
    boxes += struct.pack(">I4s", 8 + len(header), b"jp2h") + header
    return boxes + struct.pack(">I4s", 8 + len(stream), b"jp2c") + stream


ORDERS = ["LRCP", "RLCP", "RPCL", "PCRL", "CPRL"]
LAYERS = "-r 20,8,1 -c [32,32],[16,16] -b 8,16 -n 4"
STYLES = {
    "bypass": 1, "reset": 2, "terminate": 4, "causal": 8, "predictable": 16, "marked": 32,
    "bypass_terminate": 5, "bypass_causal_marked": 41, "all_styles": 63,
}


def cases():
    """Name, what encode() takes, and what is done to the codestream after."""
    plain = dict(size=(41, 35))
    yield "plain", dict(size=(67, 45), options=""), None
    yield "jp2", dict(size=(20, 16), options="-n 3"), jp2
    yield "no_length", dict(plain, options="-t 32,32 -n 3"), no_length
    for bits in (2, 16):
        yield f"bits_{bits}", dict(plain, options="", bits=bits), None
    yield "signed_8", dict(plain, options="", signed=True), None
    yield "signed_12", dict(plain, options="", bits=12, signed=True), None
    yield "signed_16", dict(plain, options="", bits=16, signed=True), None
    for style, mode in STYLES.items():
        yield style, dict(size=(35, 31), options=f"-M {mode} -n 3", bits=12), None
        if mode in (1, 4, 63):
            yield style + "_layers", dict(size=(35, 31), options=f"-M {mode} -n 3 -r 12,6,3,1", bits=12), None
    for wide, high in [(4, 4), (1024, 4), (4, 1024), (32, 8)]:
        size = (130 if wide > high else 35, 130 if high > wide else 35)
        yield f"blocks_{wide}_{high}", dict(size=size, options=f"-b {wide},{high} -n 2"), None
    for levels in (0, 1, 5):
        yield f"levels_{levels}", dict(plain, options=f"-n {levels + 1}"), None
    for size in [(1, 1), (1, 40), (40, 1), (2, 3), (5, 5)]:
        yield f"size_{size[0]}_{size[1]}", dict(size=size, options="-n 4 -t 64,64"), None
    for order in ORDERS:
        options = f"-p {order} {LAYERS}"
        yield f"order_{order.lower()}", dict(size=(33, 29), options=options, components=3), None
        tiled = options.replace("-n 4", "-n 3") + " -t 20,17 -d 5,7 -T 3,2 -SOP -EPH"
        yield f"tiled_{order.lower()}", dict(size=(29, 27), options=tiled, components=3), None
    steps = [(1, 1), (2, 2), (2, 1)]
    for order in ORDERS[2:]:
        options = f"-p {order} -mct 0 -c [16,16],[16,16] -b 8,8 -n 3"
        sub = dict(size=(40, 34), options=options, components=3, steps=steps)
        yield f"subsampled_{order.lower()}", sub, None
    for part in "RLC":
        options = f"-TP {part} -p LRCP {LAYERS.replace('-n 4', '-n 3')} -t 20,32"
        yield f"parts_{part.lower()}", dict(size=(33, 29), options=options, components=3), None
    poc = "-POC T1=0,0,1,2,3,CPRL/T1=2,0,1,4,3,RPCL -n 4 -c [32,32]"
    yield "changes_of_order", dict(size=(43, 37), options=poc, components=3), None
    yield "overlapping_orders", dict(size=(43, 37), options=f"-p LRCP {LAYERS}", components=3), overlapping
    yield "roi", dict(plain, options="-ROI c=0,U=8"), None
    yield "roi_of_one", dict(plain, options="-ROI c=1,U=5", components=3), None
    yield "colour", dict(plain, options="", components=3), None
    yield "colour_12", dict(plain, options="", components=3, bits=12), None
    yield "four_components", dict(plain, options="", components=4), None
    yield "offset", dict(size=(61, 47), options="-d 13,21 -t 25,25 -T 11,3 -n 4"), None
    yield "odd_tiles", dict(size=(61, 47), options="-d 1,1 -t 13,17 -T 1,0 -n 4"), None
    yield "lossy_53", dict(size=(61, 47), options="-r 10"), None
    yield "lossy_53_layers", dict(size=(61, 47), options="-r 30,10,5", bits=12), None
    yield "guard_bits", dict(plain, options="-GuardBits 7"), None
    marked = "-SOP -EPH -r 8,1 -t 25,25 -TP R -n 3"
    yield "packed_in_tiles", dict(size=(41, 35), options=marked), packed_in_tiles
    yield "packed_in_main", dict(size=(41, 35), options=marked), packed_in_main
    yield "by_component", dict(plain, options="", components=3), by_component
    yield "by_tile", dict(plain, options="-t 32,32 -n 3"), by_tile
    yield "lossy", dict(size=(51, 37), options="-I -r 8"), None
    yield "lossy_16", dict(plain, options="-I -r 4", bits=16), None
    yield "lossy_signed", dict(plain, options="-I -r 6", bits=12, signed=True), None
    yield "lossy_colour", dict(size=(33, 33), options="-I -r 6", components=3), None
    yield "lossy_tiled", dict(size=(51, 37), options="-I -r 20,6 -d 5,7 -t 30,23 -T 3,2 -M 63 -n 4"), None
    yield "lossy_sizes", dict(size=(1, 33), options="-I -n 3 -t 64,64"), None
    yield "derived", dict(plain, options="-I -r 8"), derived
    yield "lossy_roi", dict(plain, options="-I -ROI c=0,U=6"), None


def header(stream):
    """Of each component: width, height, precision, whether it is signed."""
    at = stream.index(b"\xff\x4f\xff\x51") + 8
    x1, y1, x0, y0 = struct.unpack_from(">4I", stream, at)
    (count,) = struct.unpack_from(">H", stream, at + 32)
    for c in range(count):
        depth, dx, dy = stream[at + 34 + 3 * c : at + 37 + 3 * c]
        width, height = (math.ceil(far / d) - math.ceil(near / d) for far, near, d in ((x1, x0, dx), (y1, y0, dy)))
        yield dict(width=width, height=height, precision=(depth & 127) + 1, signed=depth > 127)


def decode(folder, stream):
    """OpenJPEG's samples, with their components."""
    source, target = folder / ("decode." + ("j2k" if stream[0] == 255 else "jp2")), folder / "decoded.pgx"
    source.write_bytes(stream)
    run("opj_decompress", "-i", source, "-o", target)
    for number, component in enumerate(header(stream)):
        # PG, byte order, sign and depth, width, height; then samples of one or two bytes.
        told, data = (folder / f"decoded_{number}.pgx").read_bytes().split(b"\n", 1)
        assert told.split()[1] == b"ML" and told.split()[-2:] == [
            str(component[side]).encode() for side in ("width", "height")
        ], told
        kind = ("i" if component["signed"] else "u") + ("1" if component["precision"] <= 8 else "2")
        yield component, np.frombuffer(data, ">" + kind).astype("<" + kind)


def main(folder):
    folder.mkdir(exist_ok=True)
    expected = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, source, edit in cases():
            print(name)
            stream = encode(Path(scratch), **source)
            stream = edit(stream) if edit else stream
            (folder / f"{name}.j2k").write_bytes(stream)
            decoded = list(decode(Path(scratch), stream))
            irreversible = "-I" in source["options"].split()
            for component, samples in decoded:
                component["crc32"] = zlib.crc32(samples.astype("<i4").astype("<u2").tobytes())
            if irreversible:
                (folder / f"{name}.raw").write_bytes(b"".join(samples.tobytes() for _, samples in decoded))
            elif "-r" not in source["options"].split() or "8,1 " in source["options"] + " ":
                # What went in comes out.
                shape = {key: value for key, value in source.items() if key not in ("options", "steps")}
                whole = picture(*shape.pop("size"), **shape)
                steps = source.get("steps", [(1, 1)] * len(whole))
                for plane, (dx, dy), (_, samples) in zip(whole, steps, decoded):
                    assert (plane[::dy, ::dx].ravel() == samples).all(), name
            expected[name] = dict(irreversible=irreversible, components=[component for component, _ in decoded])
    text = ",\n".join(f"  {json.dumps(name)}: {json.dumps(case)}" for name, case in expected.items())
    (folder / "expected.json").write_text("{\n" + text + "\n}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
