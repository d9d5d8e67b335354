#!/usr/bin/env python3
"""Makes small lossless JPEG streams of every kind that the decoder must read, and what its peers make of them.

    pip install pydicom numpy pylibjpeg-libjpeg imagecodecs
    apt install dcmtk
    python crates/cxr-film/tests/golden/film_jpeg.py crates/cxr-film/tests/golden/film_jpeg

The encoder is our own (ITU-T T.81, annex H), for no other makes restart intervals, scans of one component and all
precisions. Every stream is decoded by libjpeg-turbo (in imagecodecs), by libjpeg of Thomas Richter (in pylibjpeg) and by
DCMTK (dcmdjpeg), but for those with a point transform by libjpeg, which does not undo it; what each makes of it must be
the picture that was encoded. Writes FOLDER/lossless.json:
of each stream its bytes in base64, its size, components and precision, the CRC-32 of its samples as little-endian words
of 16 bits, and the peers that decode it.
"""

import base64
import json
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from pathlib import Path

import imagecodecs
import libjpeg
import numpy as np
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate

WIDTH, HEIGHT = 13, 10


def picture(precision, components=1, low=0):
    """A gradient, a disc, noise, and both ends of the range beside each other; without the `low` lowest bits."""
    random = np.random.default_rng(precision * 8 + components)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.int64)
    most = 2**precision - 1
    planes = []
    for component in range(components):
        grey = (x * 5 + y * 3 * (component + 1)) * most // 120 + random.integers(0, most // 8 + 2, x.shape)
        grey[(x - 8) ** 2 + (y - 4) ** 2 < 7] += most // 3
        grey = np.clip(grey, 0, most)
        grey[0, :2] = 0, most
        grey[5, 3:6] = most, 0, most
        planes.append(grey >> low << low)
    return np.stack(planes, axis=-1)


class Bits:
    def __init__(self):
        self.bits = ""

    def put(self, value, count):
        self.bits += format(value, f"0{count}b") if count else ""

    def bytes(self):
        bits = self.bits + "1" * (-len(self.bits) % 8)
        return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)).replace(b"\xff", b"\xff\x00")


def segment(marker, body):
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def huffman(counts):
    """Code lengths for categories, at most 16 bits and no code of ones: counts by length, and values in their order."""
    heap = [(count, [category]) for category, count in counts.items()] + [(0, [-1])]
    lengths = Counter()
    while len(heap) > 1:
        heap.sort(key=lambda item: (item[0], -max(item[1])))
        (a, left), (b, right), *heap = heap
        lengths.update(left + right)
        heap.append((a + b, left + right))
    assert max(lengths.values()) <= 16
    # The code of ones goes to what is never coded.
    order = sorted((length, category < 0, category) for category, length in lengths.items())
    order = [(length, category) for length, _, category in order]
    longest = order[-1][0]
    values = [category for length, category in order if category >= 0]
    by_length = [sum(1 for length, category in order if length == n and category >= 0) for n in range(1, 17)]
    codes, code, last = {}, 0, order[0][0]
    for length, category in order:
        code <<= length - last
        last = length
        codes[category] = (code, length)
        code += 1
    assert codes[-1] == (2**longest - 1, longest)
    return bytes(by_length) + bytes(values), codes


def differences(plane, precision, predictor, shift, rows):
    """Differences modulo 65,536 of a plane whose point transform is done."""
    out = np.zeros_like(plane)
    for y in range(plane.shape[0]):
        for x in range(plane.shape[1]):
            a = int(plane[y, x - 1]) if x else None
            first = y % rows == 0 if rows else y == 0
            if first:
                foreseen = a if x else 2 ** (precision - shift - 1)
            elif not x:
                foreseen = int(plane[y - 1, 0])
            else:
                b, c = int(plane[y - 1, x]), int(plane[y - 1, x - 1])
                foreseen = [0, a, b, c, a + b - c, a + ((b - c) >> 1), b + ((a - c) >> 1), (a + b) >> 1][predictor]
            out[y, x] = (int(plane[y, x]) - foreseen + 32768) % 65536 - 32768
    return out


def category(difference):
    return 16 if difference == -32768 else int(abs(difference)).bit_length()


def encode(samples, precision, predictor=1, shift=0, rows=0, scans=None, tables=1, fill=0):
    """`rows`: of a restart interval; `scans`: the components of each; `tables`: how many Huffman tables."""
    height, width, components = samples.shape
    scans = scans or [list(range(components))]
    planes = [differences((samples[..., c] & 0xFFFF) >> shift, precision, predictor, shift, rows)
              for c in range(components)]
    counts = [Counter() for _ in range(tables)]
    for c, plane in enumerate(planes):
        counts[min(c, tables - 1)].update(category(d) for d in plane.ravel())
    made = [huffman(count) for count in counts]
    out = b"\xff\xd8"
    specifications = b"".join(bytes([c + 1, 0x11, 0]) for c in range(components))
    out += segment(0xC3, bytes([precision]) + height.to_bytes(2, "big") + width.to_bytes(2, "big")
                   + bytes([components]) + specifications)
    out += segment(0xC4, b"".join(bytes([place]) + table for place, (table, _) in enumerate(made)))
    if rows:
        out += segment(0xDD, (rows * width).to_bytes(2, "big"))
    for scan in scans:
        selectors = b"".join(bytes([c + 1, min(c, tables - 1) << 4]) for c in scan)
        out += b"\xff" * fill + segment(0xDA, bytes([len(scan)]) + selectors + bytes([predictor, 0, shift]))
        for number, first in enumerate(range(0, height, rows or height)):
            if number:
                out += b"\xff" * fill + bytes([0xFF, 0xD0 + (number - 1) % 8])
            bits = Bits()
            for y in range(first, min(height, first + (rows or height))):
                for x in range(width):
                    for c in scan:
                        difference, codes = int(planes[c][y, x]), made[min(c, tables - 1)][1]
                        size = category(difference)
                        bits.put(*codes[size])
                        if 0 < size < 16:
                            bits.put(difference if difference > 0 else difference + 2**size - 1, size)
            out += bits.bytes()
    return out + b"\xff" * fill + b"\xff\xd9"


def by_turbo(stream, precision, components):
    # Its interface takes 8, 12 and 16 bits as such, and others by what the stream says.
    return imagecodecs.jpeg8_decode(stream)


def by_libjpeg(stream, precision, components):
    return libjpeg.decode(stream)


def by_dcmtk(stream, precision, components):
    data = FileDataset(None, {}, preamble=b"\0" * 128)
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.57"
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = "2.25.1"
    data.Rows, data.Columns, data.SamplesPerPixel = HEIGHT, WIDTH, components
    data.BitsAllocated = 8 if precision <= 8 else 16
    data.BitsStored, data.HighBit, data.PixelRepresentation = precision, precision - 1, 0
    data.PhotometricInterpretation = "MONOCHROME2" if components == 1 else "RGB"
    if components > 1:
        data.PlanarConfiguration = 0
    data.PixelData = encapsulate([stream + b"\0" * (len(stream) % 2)])
    data["PixelData"].is_undefined_length, data["PixelData"].VR = True, "OB"
    with tempfile.TemporaryDirectory() as folder:
        packed, plain = Path(folder) / "a.dcm", Path(folder) / "b.dcm"
        pydicom.dcmwrite(packed, data, enforce_file_format=True)
        subprocess.run(["dcmdjpeg", "+cn", packed, plain], check=True, capture_output=True)
        return pydicom.dcmread(plain).pixel_array


PEERS = {"libjpeg-turbo": by_turbo, "libjpeg": by_libjpeg, "dcmtk": by_dcmtk}


def streams():
    for predictor in range(1, 8):
        for shift in (0, 1, 4):
            for rows in (0, 1, 3):
                yield f"12-bits-predictor-{predictor}-shift-{shift}-rows-{rows}", dict(
                    precision=12, predictor=predictor, shift=shift, rows=rows)
    for precision in range(2, 17):
        yield f"{precision}-bits", dict(precision=precision, predictor=precision % 7 + 1, rows=precision % 3 * 2)
    for predictor in range(1, 8):
        yield f"16-bits-predictor-{predictor}", dict(precision=16, predictor=predictor, shift=predictor % 2 * 3)
        yield f"colour-predictor-{predictor}", dict(
            precision=8, components=3, predictor=predictor, rows=predictor % 3, tables=predictor % 3 + 1)
    yield "colour-scan-by-scan", dict(precision=8, components=3, predictor=4, rows=2, scans=[[0], [1], [2]])
    yield "colour-mixed-scans", dict(precision=12, components=3, predictor=7, scans=[[1], [0, 2]], tables=2)
    yield "fill-bytes", dict(precision=12, predictor=6, rows=1, fill=3)
    yield "more-rows-than-the-picture", dict(precision=12, predictor=5, rows=40)


def main(folder):
    expected = {}
    for name, kind in streams():
        precision, components = kind["precision"], kind.pop("components", 1)
        samples = picture(precision, components, kind.get("shift", 0))
        stream = encode(samples, **kind)
        peers = []
        for peer, decode in PEERS.items():
            if peer == "libjpeg" and kind.get("shift"):
                continue
            decoded = np.asarray(decode(stream, precision, components)).reshape(samples.shape)
            assert (decoded == samples).all(), f"{peer} misreads {name}"
            peers.append(peer)
        expected[name] = {
            "width": WIDTH, "height": HEIGHT, "components": components, "precision": precision,
            "crc32": zlib.crc32(samples.astype("<u2").tobytes()), "peers": peers,
            "stream": base64.b64encode(stream).decode(),
        }
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in expected.items())
    (Path(folder) / "lossless.json").write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main(sys.argv[1])
