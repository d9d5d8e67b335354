#!/usr/bin/env python3
"""The font of the plots: Latin and a few signs of DejaVu Sans (Bitstream Vera licence), named Plot Sans.

    python3 make.py DejaVuSans.ttf PlotSans.ttf

Needs fonttools.
"""

import sys

from fontTools import subset
from fontTools.ttLib import TTFont

CHARACTERS = [*range(0x20, 0x7F), *range(0xA0, 0x180), *map(ord, "–—‘’“”…≤≥−×·•→←↑↓αβγσ")]


def main():
    font = TTFont(sys.argv[1])
    options = subset.Options(layout_features=[], hinting=False, name_IDs=[0, 13, 14], notdef_outline=True)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=CHARACTERS)
    subsetter.subset(font)
    for name_id, text in [(1, "Plot Sans"), (2, "Book"), (4, "Plot Sans"), (6, "PlotSans")]:
        font["name"].setName(text, name_id, 3, 1, 0x409)
    font.save(sys.argv[2])


if __name__ == "__main__":
    main()
