"""Prints names in many character sets as pydicom shows them, as JSON: what ours must agree with.

    pip install pydicom
    python crates/cxr-film/tests/golden/charset_peer.py > crates/cxr-film/tests/golden/charset_peer.json

Of every case: the value of Specific Character Set, the bytes of Patient's Name in hexadecimal, and the name. Terms that
pydicom does not know, or whose bytes it cannot decode, are left out: there it guesses, and so may we.
"""

import io
import json
import sys
import warnings

import pydicom
from pydicom.uid import ExplicitVRLittleEndian

GERMAN, FRENCH = "M\u00fcller^J\u00f6rg", "Buc^J\u00e9r\u00f4me"
POLISH, RUSSIAN = "\u0141ukasz^\u017b\u00f3\u0142\u0107", "\u041b\u044e\u043a^\u0418\u0432\u0430\u043d"
GREEK, TURKISH = "\u0394\u03b9\u03bf^\u039d\u03af\u03ba\u03b7", "\u015eahin^I\u015f\u0131k"
KATAKANA, KANJI = "\uff94\uff8f\uff80\uff9e^\uff80\uff9b\uff73", "\u5c71\u7530^\u592a\u90ce"
KOREAN, CHINESE = "\u6d2a^\u5409\u6d1e=\ud64d^\uae38\ub3d9", "\u738b^\u5c0f\u6771"
SIMPLIFIED = "\u5f20^\u5c0f\u4e1c"

CASES = [
    *[(term, "latin_1", name)
      for term in ("ISO_IR 100", "ISO IR 100", "ISO-IR 100", "ISO_IR_100", "ISO 2022 IR 100", "ISO-2022-IR 100")
      for name in (GERMAN, FRENCH)],
    ("", "ascii", "Doe^Jane"), ("ISO_IR 6", "ascii", "Doe^Jane"), ("", "latin_1", GERMAN),
    ("ISO_IR 101", "iso8859_2", POLISH), ("ISO IR 101", "iso8859_2", POLISH),
    ("ISO_IR 144", "iso_ir_144", RUSSIAN), ("ISO-IR 144", "iso_ir_144", RUSSIAN),
    ("ISO_IR 126", "iso_ir_126", GREEK), ("ISO_IR 148", "iso8859_9", TURKISH),
    *[(term, "utf_8", name)
      for term in ("ISO_IR 192", "ISO IR 192", "ISO-IR 192", "ISO_IR_192", "UTF8", "UTF-8")
      for name in (GERMAN, RUSSIAN, KANJI, KOREAN)],
    ("GB18030", "gb18030", CHINESE), ("GBK", "gbk", SIMPLIFIED),
    # half-width katakana, and the double bytes that do not belong there
    ("ISO_IR 13", "shift_jis", KATAKANA + "=" + KANJI),
    ("ISO_IR 13", "shift_jis", "YAMADA^TARO=" + KANJI + "=\u3084\u307e\u3060^\u305f\u308d\u3046"),
    ("ISO_IR 13", "shift_jis", "\u8868^\u4e88\u80fd"),
    ("ISO_IR 13", "shift_jis", "\uff94\uff8f\uff80\uff9e^\u592a\u90ce=\u5c71\u7530^\u592a\u90ce"),
    ("ISO IR 13", "shift_jis", KATAKANA),
    ("ISO 2022 IR 13", "shift_jis", KATAKANA),
    ("\\ISO 2022 IR 87", "iso2022_jp", "Yamada^Tarou=" + KANJI),
    ("ISO 2022 IR 6\\ISO 2022 IR 87", "iso2022_jp", "Yamada^Tarou=" + KANJI),
    ("ISO 2022 IR 13\\ISO 2022 IR 87", "iso2022_jp", KANJI),
    ("ISO 2022 IR 87", "iso2022_jp", KANJI),
]


def file_with(term, name):
    """A file whose name has these bytes, which no writer of pydicom's touches."""
    padded = lambda value: value + b" " * (len(value) % 2)
    element = lambda tag, vr, value: tag + vr + len(padded(value)).to_bytes(2, "little") + padded(value)
    syntax = element(b"\x02\x00\x10\x00", b"UI", ExplicitVRLittleEndian.encode() + b"\0")
    named = element(b"\x08\x00\x05\x00", b"CS", term.encode()) if term else b""
    return bytes(128) + b"DICM" + syntax + named + element(b"\x10\x00\x10\x00", b"PN", name)


def main():
    cases = []
    for term, encoding, name in CASES:
        value = name.encode(encoding)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            shown = str(pydicom.dcmread(io.BytesIO(file_with(term, value))).PatientName)
        guessed = [str(w.message) for w in told if "Unknown encoding" in str(w.message) or "Failed to decode" in str(w.message)]
        if guessed or "\ufffd" in shown or shown != name:
            print(f"left out: {term!r} {name!r} -> {shown!r} {guessed}", file=sys.stderr)
            continue
        cases.append({"set": term, "bytes": value.hex(), "name": shown})
    json.dump(cases, sys.stdout, indent=1, ensure_ascii=False)
    print()


main()
