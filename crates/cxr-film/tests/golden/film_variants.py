"""Makes one small synthetic picture in every syntax, depth, photometric interpretation, LUT and window
that departments send, and what pydicom reads in it.

    pip install pydicom numpy pylibjpeg pylibjpeg-openjpeg pylibjpeg-libjpeg pyjpegls imagecodecs
    apt install dcmtk
    python crates/cxr-film/tests/golden/film_variants.py crates/cxr-film/tests/golden/film_variants

Writes the files, and `cases.json`: of each file its row in the table of docs/input.md, whether the coding is
lossless, and the name of the expectation, which is the linear grey as big-endian hexadecimal of 16 bits a pixel
and the display grey of 8 bits a pixel. Pictures of lossless syntaxes are held against the picture that was
encoded, after pydicom has read the same from the file; those of lossy ones against what pydicom reads. Where
pydicom has no opinion (High Bit, padding, palettes as grey), the standard's words are put down here again.
"""

import copy
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import film_jpeg
import imagecodecs
import numpy as np
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_modality_lut, apply_windowing, apply_voi
from pydicom.sequence import Sequence
from pydicom.uid import UID

ROWS, COLUMNS = 16, 20
LITTLE, IMPLICIT, BIG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
DEFLATED, RLE = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.5"
JPEG = "1.2.840.10008.1.2.4."
JPEG2000, JPEG2000_LOSSY = JPEG + "90", JPEG + "91"
HTJ2K_LOSSLESS, HTJ2K_RPCL, HTJ2K = JPEG + "201", JPEG + "202", JPEG + "203"
LOSSLESS = {
    "implicit": IMPLICIT, "explicit": LITTLE, "big-endian": BIG, "deflated": DEFLATED, "rle": RLE,
    "jpeg-57": JPEG + "57", "jpeg-70": JPEG + "70", "jpeg-ls-80": JPEG + "80", "jpeg2000-90": JPEG + "90",
    "htj2k-201": HTJ2K_LOSSLESS, "htj2k-202": HTJ2K_RPCL,
}
LOSSY = {
    "jpeg-50": JPEG + "50", "jpeg-51": JPEG + "51", "jpeg-ls-81": JPEG + "81", "jpeg2000-91": JPEG + "91",
    "htj2k-203": HTJ2K,
}
# bits stored, bits allocated, signed
DEPTHS = [(8, 8, False), (8, 16, False), (10, 16, False), (12, 16, False), (12, 16, True), (16, 16, False), (16, 16, True)]


def picture(bits):
    """A gradient, a bright disc, a checked corner and both ends of the range; whole numbers only."""
    y, x = np.mgrid[0:ROWS, 0:COLUMNS].astype(np.int64)
    grey = (x * 11 + y * 13) * 5
    grey[(x - 11) ** 2 + (y - 8) ** 2 < 20] += 1300
    grey[:4, :4] = ((x + y) % 2 * 2000)[:4, :4]
    most = 2**bits - 1
    grey = grey * most // grey.max()
    grey[-1, -1], grey[-1, -2] = 0, most
    return grey


def film(bits, allocated, signed, photometric, grey=None):
    """An uncompressed film and its picture as numbers from 0."""
    grey = picture(bits) if grey is None else grey
    stored = grey - 2 ** (bits - 1) if signed else grey
    data = FileDataset(None, {}, preamble=b"\0" * 128)
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = UID(LITTLE)
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = "2.25.1"
    data.file_meta.ImplementationClassUID = "2.25.2"
    data.StudyInstanceUID, data.SeriesInstanceUID = "2.25.3", "2.25.4"
    data.Modality, data.PatientName = "CR", "VARIANT^SYNTHETIC"
    data.Rows, data.Columns, data.SamplesPerPixel = ROWS, COLUMNS, 1
    data.BitsAllocated, data.BitsStored, data.HighBit = allocated, bits, bits - 1
    data.PixelRepresentation, data.PhotometricInterpretation = int(signed), photometric
    data.PixelData = stored.astype(f"<{'i' if signed else 'u'}{allocated // 8}").tobytes()
    data["PixelData"].VR = "OB" if allocated == 8 else "OW"
    return data, grey


def colour():
    red, green = picture(8), picture(8)[::-1]
    return np.stack([red, green, 255 - red], axis=-1)


def luma(rgb):
    red, green, blue = (rgb[..., i].astype(np.int64) for i in range(3))
    return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16


def colour_film(planar=0, photometric="RGB"):
    data, _ = film(8, 8, False, photometric)
    data.SamplesPerPixel, data.PlanarConfiguration = 3, planar
    rgb = colour().astype(np.uint8)
    data.PixelData = (rgb.transpose(2, 0, 1) if planar else rgb).tobytes()
    return data, luma(rgb)


def native(data, uid, path):
    if uid == BIG:
        data = copy.deepcopy(data)
        if data.BitsAllocated == 16:
            data.PixelData = np.frombuffer(data.PixelData, "<u2").astype(">u2").tobytes()
        data.file_meta.TransferSyntaxUID = UID(uid)
        pydicom.dcmwrite(path, data, implicit_vr=False, little_endian=False, enforce_file_format=True)
        return
    data.file_meta.TransferSyntaxUID = UID(uid)
    pydicom.dcmwrite(path, data, enforce_file_format=True)


def with_dcmtk(data, path, *command):
    with tempfile.NamedTemporaryFile(suffix=".dcm") as plain:
        native(data, LITTLE, plain.name)
        subprocess.run([*command, plain.name, path], check=True)


def with_imagecodecs(data, uid, path, bits=None):
    width, kind = data.BitsAllocated // 8, "i" if data.PixelRepresentation else "u"
    shape = (ROWS, COLUMNS) if data.SamplesPerPixel == 1 else (ROWS, COLUMNS, 3)
    grey = np.frombuffer(data.PixelData, f"<{kind}{width}").reshape(shape)
    if uid in (JPEG2000, JPEG2000_LOSSY):
        # pydicom's own encoder takes no picture as small as this one
        lossy = uid == JPEG2000_LOSSY
        frame = imagecodecs.jpeg2k_encode(
            grey, level=60 if lossy else None, reversible=not lossy, codecformat="j2k", resolutions=2,
            bitspersample=bits or data.BitsStored, mct=len(shape) == 3)
        if len(shape) == 3:
            data.PhotometricInterpretation = "YBR_RCT"
    else:
        lossy = {"level": 0.002 if width == 1 else 0.00002, "reversible": False}
        frame = imagecodecs.htj2k_encode(grey, **(lossy if uid == HTJ2K else {"reversible": True}))
    data.PixelData = encapsulate([bytes(frame)])
    data["PixelData"].VR = "OB"
    data["PixelData"].is_undefined_length = True
    data.file_meta.TransferSyntaxUID = UID(uid)
    pydicom.dcmwrite(path, data, enforce_file_format=True)


def write(data, syntax, path):
    uid = LOSSLESS.get(syntax) or LOSSY[syntax]
    if uid in (IMPLICIT, LITTLE, BIG, DEFLATED):
        native(data, uid, path)
    elif syntax in ("jpeg-57", "jpeg-70", "jpeg-50", "jpeg-51"):
        flag = {"jpeg-57": "+el", "jpeg-70": "+e1", "jpeg-50": "+eb", "jpeg-51": "+ee"}[syntax]
        with_dcmtk(data, path, "dcmcjpeg", "+un", flag)
    elif syntax == "jpeg-ls-80" and data.PhotometricInterpretation == "MONOCHROME1" and not data.PixelRepresentation:
        # dcmtk's frames end in a fill byte where they would be odd, those of pydicom's plugin do not
        with_dcmtk(data, path, "dcmcjpls", "+un")
    elif syntax == "rle" and data.BitsStored < data.BitsAllocated:
        # pydicom's encoder would write one byte plane for 8 bits in 16
        with_dcmtk(data, path, "dcmcrle", "+un")
    elif uid in (JPEG2000, JPEG2000_LOSSY, HTJ2K_LOSSLESS, HTJ2K_RPCL, HTJ2K):
        with_imagecodecs(data, uid, path)
    else:
        more = {"jls_error": 2} if uid == JPEG + "81" else {}
        data.compress(UID(uid), generate_instance_uid=False, **more)
        pydicom.dcmwrite(path, data, enforce_file_format=True)


def shown(data, stored, linear_max, negative):
    """Display grey of stored values by the modules of the data set, as pydicom applies them."""
    least = -(2 ** (data.BitsStored - 1)) if data.PixelRepresentation else 0
    ends = np.array([least, least + linear_max])
    if "ModalityLUTSequence" in data:
        # pydicom takes tables of 8 and 16 bits only
        item = data.ModalityLUTSequence[0]
        count, first, bits = item.LUTDescriptor
        values = np.frombuffer(item.LUTData, "<u2").astype(np.int64)[np.clip(stored - first, 0, count - 1)]
        low, high = 0, 2**bits - 1
    else:
        values = apply_modality_lut(stored, data)
        low, high = sorted(float(v) for v in apply_modality_lut(ends, data))
        # pydicom spreads a window over the range of the rescaled values, and turns it over with a negative
        # slope; without the slope in the data set it spreads it over that of the stored ones.
        data = copy.deepcopy(data)
        for key in ("RescaleSlope", "RescaleIntercept"):
            if key in data:
                delattr(data, key)
    if "VOILUTSequence" in data:
        display = apply_voi(values, data) / (2 ** data.VOILUTSequence[0].LUTDescriptor[2] - 1)
    elif "WindowCenter" in data:
        window = apply_windowing(values, data)
        black, span = (low, high - low) if "ModalityLUTSequence" in data else (least, linear_max)
        display = (window - black) / span
    else:
        display = (values - low) / (high - low)
    display = np.floor(np.asarray(display, dtype=np.float64) * 255 + 0.5).clip(0, 255).astype(np.int64)
    linear = (np.asarray(values, dtype=np.float64) - low) / (high - low) * linear_max
    linear = linear.clip(0, linear_max)
    return (linear_max - linear, 255 - display) if negative else (linear, display)


class Table:
    def __init__(self, folder):
        self.folder = folder
        self.cases, self.expectations = [], {}

    def expect(self, name, linear, linear_max, display):
        as_hex = lambda grey, kind: np.floor(np.asarray(grey) + 0.5).astype(kind).tobytes().hex()
        told = {"max": int(linear_max), "linear": as_hex(linear, ">u2"), "display": as_hex(display, "u1")}
        assert self.expectations.setdefault(name, told) == told, name
        return name

    def case(self, name, data, syntax, row, expectation=None, held=None, lossless=True, size=(COLUMNS, ROWS)):
        path = self.folder / f"{name}.dcm"
        write(data, syntax, path)
        self.cases.append({"file": path.name, "syntax": syntax, **row, "lossless": lossless,
                           "expect": expectation, "held": held, "width": size[0], "height": size[1]})
        return path


def read_back(path):
    data = pydicom.dcmread(path)
    return data, data.pixel_array.astype(np.int64)


def depth_name(bits, allocated, signed):
    return f"{'s' if signed else ''}{bits}in{allocated}"


def syntaxes(table):
    for bits, allocated, signed in DEPTHS:
        for photometric in ("MONOCHROME2", "MONOCHROME1"):
            negative = photometric == "MONOCHROME1"
            depth = depth_name(bits, allocated, signed)
            row = {"depth": depth, "photometric": photometric, "kind": "syntax"}
            most = 2**bits - 1
            for syntax in [*LOSSLESS, *LOSSY]:
                lossless = syntax in LOSSLESS
                data, grey = film(bits, allocated, signed, photometric)
                offset = 2 ** (bits - 1) if signed else 0
                name = f"{syntax}-{depth}-{'m1' if negative else 'm2'}"
                if syntax == "jpeg-50" and (bits > 8 or allocated > 8) or syntax == "jpeg-51" and not 8 < bits <= 12:
                    continue
                if signed and (not lossless or syntax.startswith(("jpeg-5", "jpeg-7"))) :
                    continue  # these codings know no sign, and dcmtk makes no such files
                if syntax in ("jpeg2000-91", "jpeg-ls-81", "htj2k-203") and bits not in (8, 12):
                    continue
                if syntax == "jpeg-51":
                    table.case(name, data, syntax, row, held="lossy JPEG of 12 bits", lossless=False)
                    continue
                path = table.folder / f"{name}.dcm"
                write(copy.deepcopy(data), syntax, path)
                peer, stored = read_back(path)
                if lossless:
                    assert (stored + offset == grey).all(), name
                    linear, display = shown(data, grey - offset, most, negative)
                    expectation = table.expect(f"{depth}-{'m1' if negative else 'm2'}", linear, most, display)
                else:
                    assert peer.BitsStored == bits, name
                    linear, display = shown(data, stored, most, negative)
                    expectation = table.expect(name, linear, most, display)
                table.case(name, data, syntax, row, expectation, lossless=lossless)


def lut(values, first, bits, signed=False):
    item = pydicom.Dataset()
    item.add_new("LUTDescriptor", "SS" if signed else "US", [len(values), first, bits])
    item.LUTExplanation = "SYNTHETIC"
    item.add_new("LUTData", "OW", np.asarray(values, dtype="<u2").tobytes())
    return Sequence([item])


def windows(table):
    gamma = [int((i / 255) ** 0.5 * 1023 + 0.5) for i in range(256)]
    rising = [i * 257 for i in range(256)]
    steps = [int((i / 4095) ** 2 * 4095 + 0.5) for i in range(4096)]
    cases = {
        "linear": ({"WindowCenter": 2048, "WindowWidth": 1500}, False, None),
        "linear-narrow": ({"WindowCenter": 1000, "WindowWidth": 2}, False, None),
        "linear-threshold": ({"WindowCenter": 1000, "WindowWidth": 1}, False, None),
        "linear-fractions": ({"WindowCenter": 1999.5, "WindowWidth": 1234.5}, False, None),
        "linear-exact": ({"WindowCenter": 2048, "WindowWidth": 1500, "VOILUTFunction": "LINEAR_EXACT"}, False, None),
        "sigmoid": ({"WindowCenter": 2048, "WindowWidth": 1500, "VOILUTFunction": "SIGMOID"}, False, None),
        "several-windows": ({"WindowCenter": [1500, 3000], "WindowWidth": [2000, 100]}, False, None),
        "width-0": ({"WindowCenter": 2048, "WindowWidth": 0}, False, {}),
        "unknown-function": ({"WindowCenter": 2048, "WindowWidth": 1500, "VOILUTFunction": "BEAUTIFUL"}, False,
                             {"WindowCenter": 2048, "WindowWidth": 1500}),
        "rescale": ({"RescaleSlope": 2, "RescaleIntercept": -1024, "WindowCenter": 3000, "WindowWidth": 4000}, False, None),
        "rescale-negative": ({"RescaleSlope": -1, "RescaleIntercept": 4095, "WindowCenter": 2000, "WindowWidth": 3000}, False, None),
        "signed-window": ({"WindowCenter": 0, "WindowWidth": 2000}, True, None),
        "signed-rescale": ({"RescaleSlope": 1, "RescaleIntercept": 2048, "WindowCenter": 2048, "WindowWidth": 2000}, True, None),
        "voi-lut": ({"VOILUTSequence": lut(gamma, 1900, 10)}, False, None),
        "voi-lut-16": ({"VOILUTSequence": lut(rising, 1900, 16)}, False, None),
        "voi-lut-and-window": ({"VOILUTSequence": lut(gamma, 1900, 10), "WindowCenter": 100, "WindowWidth": 100}, False, None),
        "signed-voi-lut": ({"VOILUTSequence": lut(gamma, -128, 10, signed=True)}, True, None),
        "modality-lut": ({"ModalityLUTSequence": lut(steps, 0, 12)}, False, None),
        "modality-lut-and-window": ({"ModalityLUTSequence": lut(steps, 0, 12), "WindowCenter": 1000, "WindowWidth": 1500}, False, None),
        "shape-inverse": ({"PresentationLUTShape": "INVERSE"}, False, None),
        "window-bone": ({"WindowCenter": "2048\\2048", "WindowWidth": "4096\\4096", "WindowCenterWidthExplanation": ["A", "B"]}, False, None),
    }
    for kind, (changes, signed, instead) in cases.items():
        for photometric in ("MONOCHROME2", "MONOCHROME1"):
            for syntax in ("explicit", "implicit", "big-endian"):
                if syntax != "explicit" and "lut" not in kind:
                    continue
                data, grey = film(12, 16, signed, photometric)
                bare = copy.deepcopy(data)
                for key, value in changes.items():
                    setattr(data, key, copy.deepcopy(value))
                if isinstance(changes.get("ModalityLUTSequence") or changes.get("VOILUTSequence"), Sequence):
                    for sequence, key in ((data.get("ModalityLUTSequence"), "RescaleType"),):
                        if sequence:
                            sequence[0].ModalityLUTType = "US"
                for key, value in (changes if instead is None else instead).items():
                    setattr(bare, key, copy.deepcopy(value))
                stored = grey - (2048 if signed else 0)
                negative = photometric == "MONOCHROME1"
                linear, display = shown(bare, stored, 4095, negative)
                name = f"{kind}-{'m1' if negative else 'm2'}"
                row = {"depth": depth_name(12, 16, signed), "photometric": photometric, "kind": kind}
                if syntax == "big-endian":
                    for sequence in ("ModalityLUTSequence", "VOILUTSequence"):
                        if sequence in data:
                            words = np.frombuffer(data[sequence][0].LUTData, "<u2").astype(">u2").tobytes()
                            data[sequence][0].LUTData = words
                expectation = table.expect(name, linear, 4095, display)
                table.case(f"{name}-{syntax}", data, syntax, row, expectation)


def layouts(table):
    for photometric in ("MONOCHROME2", "MONOCHROME1"):
        negative = photometric == "MONOCHROME1"
        suffix = "m1" if negative else "m2"
        row = lambda kind, depth="12in16": {"depth": depth, "photometric": photometric, "kind": kind}
        data, grey = film(12, 16, False, photometric)
        plain = shown(data, grey, 4095, negative)
        for syntax in ("explicit", "rle", "jpeg2000-90"):
            # High Bit 15: four idle bits below, with something in them
            shifted = copy.deepcopy(data)
            shifted.HighBit = 15
            words = (grey << 4 | 5).astype("<u2")
            shifted.PixelData = words.tobytes()
            if syntax == "jpeg2000-90":
                path = table.folder / f"high-bit-15-{syntax}-{suffix}.dcm"
                with_imagecodecs(shifted, JPEG2000, path, bits=16)
                name = table.expect(f"12in16-{suffix}", plain[0], 4095, plain[1])
                table.cases.append({"file": path.name, "syntax": syntax, **row("high bit 15"), "lossless": True,
                                    "expect": name, "held": None, "width": COLUMNS, "height": ROWS})
            else:
                name = table.expect(f"12in16-{suffix}", plain[0], 4095, plain[1])
                table.case(f"high-bit-15-{syntax}-{suffix}", shifted, syntax, row("high bit 15"), name)
        overlay = copy.deepcopy(data)
        overlay.PixelData = (grey | 0xA000).astype("<u2").tobytes()
        name = table.expect(f"12in16-{suffix}", plain[0], 4095, plain[1])
        table.case(f"overlay-bits-{suffix}", overlay, "explicit", row("garbage above Bits Stored"), name)

        # Padding is black whichever way up the scale is, and no part of the range in use.
        narrow = picture(16) * 3000 // 65535 + 20000
        narrow[:, :5] = 65535
        padded, _ = film(16, 16, False, photometric, narrow)
        padded.add_new("PixelPaddingValue", "US", 65535)
        within = narrow[:, 5:]
        low, high = within.min(), within.max()
        display = np.floor((narrow - low) / (high - low) * 255 + 0.5).clip(0, 255)
        linear = narrow.astype(np.float64)
        if negative:
            linear, display = 65535 - linear, 255 - display
        linear[:, :5], display[:, :5] = 0, 0
        name = table.expect(f"padding-{suffix}", linear, 65535, display)
        table.case(f"padding-{suffix}", padded, "explicit", row("padding value", "16in16"), name)
        limit = copy.deepcopy(padded)
        array = narrow.copy()
        array[:, :2] = 65000
        limit.PixelData = array.astype("<u2").tobytes()
        limit.add_new("PixelPaddingRangeLimit", "US", 65000)
        table.case(f"padding-range-{suffix}", limit, "implicit", row("padding range", "16in16"), name)

        for kind, key, value in (("pixel-aspect-ratio", "PixelAspectRatio", [2, 1]),
                                 ("imager-pixel-spacing", "ImagerPixelSpacing", [0.4, 0.2])):
            tall = copy.deepcopy(data)
            setattr(tall, key, value)
            at = np.clip((np.arange(2 * ROWS) + 0.5) / 2 - 0.5, 0, ROWS - 1)
            before = np.floor(at).astype(int)
            after, t = np.minimum(before + 1, ROWS - 1), (at - np.floor(at))[:, None]
            stretch = lambda grey: grey[before] * (1 - t) + grey[after] * t
            name = table.expect(f"tall-{suffix}", stretch(plain[0]), 4095, stretch(plain[1].astype(float)))
            table.case(f"{kind}-{suffix}", tall, "explicit", row(kind), name, size=(COLUMNS, 2 * ROWS), lossless=False)


def signs(table):
    """Signed films whose frames know no sign, or tell another one or another depth than the header."""
    jpegls = lambda level: lambda samples: imagecodecs.jpegls_encode(samples.astype(np.uint16), level)
    jpeg = lambda bits: lambda samples: film_jpeg.encode(samples.astype(np.int64)[..., None], bits, predictor=4, rows=4)
    j2k = lambda bits: lambda samples: imagecodecs.jpeg2k_encode(
        samples, reversible=True, codecformat="j2k", resolutions=2, bitspersample=bits)
    signed, unsigned = np.int16, np.uint16
    within_12 = lambda grey: (grey - 2048) & 0xFFF
    # name, syntax, Bits Stored, Pixel Representation, what is coded of 12 bits of grey, encoder, least stored value
    kinds = [
        ("12-bit-pattern-in-12", "jpeg-57", 12, 1, within_12, jpeg(12), -2048),
        ("12-bit-pattern-in-16", "jpeg-70", 12, 1, within_12, jpeg(16), -2048),
        ("16-bit-pattern-in-16", "jpeg-57", 12, 1, lambda grey: (grey - 2048) & 0xFFFF, jpeg(16), -2048),
        ("12-bit-pattern-in-12", "jpeg-57", 16, 1, within_12, jpeg(12), -2048),
        ("never-negative", "jpeg-57", 16, 1, lambda grey: grey, jpeg(12), 0),
        ("12-bit-pattern-in-16", "jpeg-ls-80", 12, 1, within_12, jpegls(0), -2048),
        ("16-bit-pattern-in-16", "jpeg-ls-80", 12, 1, lambda grey: (grey - 2048) & 0xFFFF, jpegls(0), -2048),
        ("12-bit-pattern-in-16", "jpeg-ls-81", 12, 1, within_12, jpegls(2), -2048),
        ("16-bit-pattern-in-16", "jpeg-ls-81", 12, 1, lambda grey: (grey - 2048) & 0xFFFF, jpegls(2), -2048),
        ("12-bit-pattern-in-12", "jpeg2000-90", 12, 1, lambda grey: within_12(grey).astype(unsigned), j2k(12), -2048),
        ("12-bit-pattern-in-16", "jpeg2000-90", 12, 1, lambda grey: within_12(grey).astype(unsigned), j2k(16), -2048),
        ("12-bit-pattern-in-12", "jpeg2000-90", 16, 1, lambda grey: within_12(grey).astype(unsigned), j2k(12), -2048),
        ("signed-12", "jpeg2000-90", 16, 1, lambda grey: (grey - 2048).astype(signed), j2k(12), -2048),
        ("never-negative", "jpeg2000-90", 16, 1, lambda grey: grey.astype(unsigned), j2k(12), 0),
        ("signed-12-of-unsigned", "jpeg2000-90", 12, 0, lambda grey: (within_12(grey + 2048).astype(signed) << 4) >> 4,
         j2k(12), 0),
        ("signed-16-of-unsigned", "jpeg2000-90", 12, 0, lambda grey: grey.astype(signed), j2k(16), 0),
        ("signed-12-called-unsigned", "jpeg2000-90", 12, 0, lambda grey: (grey - 2048).astype(signed), j2k(12), -2048),
    ]
    for kind, syntax, bits, representation, coded, encode, least in kinds:
        data, grey = film(12, 16, False, "MONOCHROME2")
        # Near-lossless coding turns the ends of a scale into each other that lie side by side as patterns.
        grey = np.clip(grey, 16, 4079)
        frame = bytes(encode(coded(grey)))
        data.BitsStored, data.HighBit, data.PixelRepresentation = bits, bits - 1, representation
        data.WindowCenter, data.WindowWidth = least + 2048, 4096
        read_as = copy.deepcopy(data)
        read_as.PixelRepresentation = int(least < 0 or representation)
        linear, display = shown(read_as, grey + least, 2**bits - 1, False)
        depth = depth_name(bits, 16, read_as.PixelRepresentation)
        name = table.expect(f"{depth}-from-{least}", linear, 2**bits - 1, display)
        data.PixelData = encapsulate([frame + b"\0" * (len(frame) % 2)])
        data["PixelData"].VR, data["PixelData"].is_undefined_length = "OB", True
        data.file_meta.TransferSyntaxUID = UID(LOSSLESS.get(syntax) or LOSSY[syntax])
        path = table.folder / f"sign-{syntax}-{bits}-{kind}.dcm"
        pydicom.dcmwrite(path, data, enforce_file_format=True)
        table.cases.append({"file": path.name, "syntax": syntax, "depth": depth, "photometric": "MONOCHROME2",
                            "kind": kind, "lossless": syntax in LOSSLESS, "expect": name, "held": None,
                            "width": COLUMNS, "height": ROWS})


def colours(table):
    row = lambda photometric, kind="colour": {"depth": "8in8", "photometric": photometric, "kind": kind}
    for planar in (0, 1):
        for syntax in ("explicit", "implicit", "big-endian", "rle", "jpeg2000-90", "jpeg-70", "jpeg-57", "jpeg-ls-80"):
            if planar and syntax not in ("explicit", "implicit"):
                continue
            data, grey = colour_film(planar)
            name = table.expect("rgb", grey, 255, grey)
            held = "JPEG-LS in colour" if syntax == "jpeg-ls-80" else None
            table.case(f"rgb-{planar}-{syntax}", data, syntax, row("RGB", f"planar configuration {planar}"),
                       None if held else name, held=held)
    ybr = lambda rgb: pydicom.pixels.convert_color_space(rgb.astype(np.uint8), "RGB", "YBR_FULL")
    data, grey = colour_film(0, "YBR_FULL")
    data.PixelData = ybr(colour()).tobytes()
    y = ybr(colour())[..., 0].astype(np.int64)
    table.case("ybr-full", data, "explicit", row("YBR_FULL"), table.expect("ybr", y, 255, y))
    data, _ = colour_film(0, "YBR_FULL_422")
    full = ybr(colour())
    pairs = np.stack([full[:, ::2, 0], full[:, 1::2, 0], full[:, ::2, 1], full[:, ::2, 2]], axis=-1)
    data.PixelData = pairs.astype(np.uint8).tobytes()
    table.case("ybr-full-422", data, "explicit", row("YBR_FULL_422"), table.expect("ybr", y, 255, y))
    data, _ = colour_film(0)
    path = table.folder / "ybr-jpeg-50.dcm"
    with_dcmtk(data, path, "dcmcjpeg", "+un", "+eb")
    # Y as it is in the frame: by way of RGB it would lose what colours clip
    peer = pydicom.dcmread(path)
    grey = pydicom.pixels.pixel_array(path, raw=True)[..., 0].astype(np.int64)
    name = table.expect("ybr-jpeg-50", grey, 255, grey)
    table.cases.append({"file": path.name, "syntax": "jpeg-50", **row(str(peer.PhotometricInterpretation)),
                        "lossless": False, "expect": name, "held": None, "width": COLUMNS, "height": ROWS})

    for bits in (8, 16):
        data, index = film(8, 8, False, "PALETTE COLOR")
        scale = 1 if bits == 8 else 257
        tables = [(255 - np.arange(256)) * scale, np.arange(256) * scale, np.arange(256) // 2 * scale]
        for name, values in zip(("Red", "Green", "Blue"), tables):
            setattr(data, f"{name}PaletteColorLookupTableDescriptor", [256, 0, bits])
            setattr(data, f"{name}PaletteColorLookupTableData", values.astype("<u1" if bits == 8 else "<u2").tobytes())
        grey = luma(np.stack([values[index] for values in tables], axis=-1))
        most = 2**bits - 1
        name = table.expect(f"palette-{bits}", grey, most, np.floor(grey / most * 255 + 0.5))
        for syntax in ("explicit", "implicit", "rle"):
            table.case(f"palette-{bits}-{syntax}", copy.deepcopy(data), syntax,
                       row("PALETTE COLOR", f"{bits}-bit palette"), name)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.dcm"):
        old.unlink()
    table = Table(folder)
    syntaxes(table)
    windows(table)
    layouts(table)
    signs(table)
    colours(table)
    used = {case["expect"] for case in table.cases}
    assert used >= set(table.expectations), set(table.expectations) - used
    with open(folder / "cases.json", "w") as out:
        json.dump({"expectations": table.expectations, "cases": table.cases}, out, indent=0)
        out.write("\n")
    print(len(table.cases), "cases")


main()
