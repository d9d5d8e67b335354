"""Makes one small synthetic picture as PNG, JPEG and TIFF of every kind that scanners, phones and viewers save,
and the grey that Pillow makes of it.

    pip install pillow numpy
    python tests/golden/film_rasters.py tests/golden/film_rasters

Writes the files and `cases.json`: of each file its size, depth and grey, upright, in hexadecimal of 16 bits.
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

ROWS, COLUMNS = 12, 16


def pictures():
    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    grey = (x * 13 + y * 4).astype(np.uint8)
    colour = Image.fromarray(np.stack([grey, 255 - grey, grey // 2], axis=-1))
    deep = grey.astype(np.uint16) * 257 + 3
    return Image.fromarray(grey), colour, Image.fromarray(deep), deep


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    grey, colour, deep, array = pictures()
    cases = []

    def case(name, picture, held=None, pixels=None, **options):
        path = folder / name
        picture.save(path, **options)
        if held is None and pixels is None:
            pixels = np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("L"))
        cases.append({
            "file": name, "held": held, "max": 0 if held else int(np.iinfo(pixels.dtype).max),
            "width": 0 if held else pixels.shape[1], "height": 0 if held else pixels.shape[0],
            "grey": None if held else pixels.astype(">u2").tobytes().hex(),
        })

    clear = colour.convert("RGBA")
    clear.putalpha(grey)
    on_black = np.asarray(Image.alpha_composite(Image.new("RGBA", clear.size, (0, 0, 0, 255)), clear).convert("L"))
    case("palette.png", colour.quantize(64))
    case("palette-2-bits.png", colour.quantize(4))
    case("one-bit.png", grey.convert("1"))
    case("deep.png", deep, pixels=array)
    case("alpha.png", clear, pixels=on_black)
    case("palette.tif", colour.quantize(64))
    case("palette-lzw.tif", colour.quantize(64), compression="tiff_lzw")
    case("one-bit.tif", grey.convert("1"))
    case("group-4.tif", grey.convert("1"), compression="group4")
    case("group-3.tif", grey.convert("1"), held="not read", compression="group3")
    case("deep.tif", deep, pixels=array)
    case("deep-lzw.tif", deep, pixels=array, compression="tiff_lzw")
    case("deep-deflate.tif", deep, pixels=array, compression="tiff_adobe_deflate")
    case("packbits.tif", grey, compression="packbits")
    case("cmyk.tif", colour.convert("CMYK"))
    case("jpeg.tif", grey, compression="jpeg")
    case("floating-point.tif", Image.fromarray(np.asarray(grey).astype(np.float32)), held="not read")
    case("grey.jpg", grey, quality=95)
    case("colour.jpg", colour, quality=95, subsampling=0)
    case("progressive.jpg", colour, quality=95, progressive=True)
    case("cmyk.jpg", colour.convert("CMYK"), quality=95)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        case(f"orientation-{orientation}.jpg", grey, exif=exif, quality=95)
    with open(folder / "cases.json", "w") as out:
        json.dump(cases, out, indent=0)
        out.write("\n")
    print(len(cases), "cases")


main()
