"""Makes one small synthetic picture as PNG, JPEG and TIFF of every kind that scanners, phones and viewers save,
and the grey that Pillow or tifffile makes of it.

    pip install pillow numpy tifffile imagecodecs
    python crates/cxr-film/tests/golden/film_rasters.py crates/cxr-film/tests/golden/film_rasters

Writes the files and `cases.json`: of each file its size, depth and grey, upright, in hexadecimal of 16 bits.
"""

import json
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile
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
    case("restart-each-block.jpg", grey, quality=95, restart_marker_blocks=1)
    case("restart-each-row.jpg", colour, quality=95, subsampling=0, restart_marker_rows=1)
    case("progressive.jpg", colour, quality=95, progressive=True)
    case("cmyk.jpg", colour.convert("CMYK"), quality=95)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        case(f"orientation-{orientation}.jpg", grey, exif=exif, quality=95)
    def tiff(name, *pages, held=None, expect=None, big=False, order="<", **options):
        """Each page an array, or one with options of its own; the film is `expect`, else the first page."""
        path = folder / name
        with tifffile.TiffWriter(path, bigtiff=big, byteorder=order) as out:
            for page in pages:
                array, own = page if isinstance(page, tuple) else (page, {})
                out.write(array, metadata=None, **{"photometric": "minisblack", **options, **own})
        pixels = array_of(pages[0]) if expect is None else expect
        cases.append({
            "file": name, "held": held, "max": 0 if held else int(np.iinfo(pixels.dtype).max),
            "width": 0 if held else pixels.shape[1], "height": 0 if held else pixels.shape[0],
            "grey": None if held else pixels.astype(">u2").tobytes().hex(),
        })

    def array_of(page):
        return page[0] if isinstance(page, tuple) else page

    shallow, rgb = np.asarray(grey), np.asarray(colour)
    luma = np.asarray(colour.convert("L"))
    thumbnail = (255 - shallow[::4, ::4].copy(), {"subfiletype": 1})
    tiff("tiles.tif", shallow, tile=(16, 16))
    tiff("deep-tiles-deflate-predictor.tif", array, tile=(16, 16), compression="deflate", predictor=True)
    tiff("deep-motorola.tif", array, order=">")
    tiff("deep-lzw-predictor.tif", array, compression="lzw", predictor=True)
    tiff("strips.tif", array, rowsperstrip=5)
    tiff("big.tif", shallow, big=True)
    tiff("big-deep-motorola-tiles.tif", array, big=True, order=">", tile=(16, 16))
    tiff("white-is-zero.tif", 255 - shallow, photometric="miniswhite", expect=shallow)
    tiff("deep-white-is-zero.tif", 65535 - array, photometric="miniswhite", expect=array)
    tiff("planes.tif", rgb.transpose(2, 0, 1).copy(), photometric="rgb", planarconfig="separate", expect=luma)
    tiff("colour-tiles.tif", rgb, photometric="rgb", tile=(16, 16), expect=luma)
    tiff("colour-with-alpha-of-no-meaning.tif", np.dstack([rgb, np.full_like(shallow, 255)]), photometric="rgb",
         extrasamples=["unspecified"], expect=luma)
    tiff("thumbnail-first.tif", thumbnail, array, expect=array)
    tiff("thumbnail-first-big.tif", thumbnail, thumbnail, array, big=True, expect=array)
    tiff("thumbnail-first-unsaid.tif", thumbnail[0], shallow, expect=shallow)
    tiff("thumbnail-behind.tif", array, thumbnail)
    tiff("pages.tif", array, 65535 - array)
    tiff("film-within.tif", (thumbnail[0], {"subfiletype": 1, "subifds": 1}), shallow, expect=shallow)
    tiff("signed.tif", array.astype(np.int16), held="not read")
    tiff("32-bits.tif", array.astype(np.uint32), held="not read")
    tiff("half-float.tif", shallow.astype(np.float16), held="not read")
    tiff("12-bits.tif", array >> 4, held="not read", bitspersample=12, compression=None)
    tiff("jpeg-2000.tif", array, held="not read", compression="jpeg2000")
    tiff("lossless-jpeg.tif", array, held="not read", compression="jpeg", compressionargs={"lossless": True})
    tiff("12-bit-jpeg.tif", array >> 4, held="not read", compression="jpeg", compressionargs={"bitspersample": 12})
    tiff("zstd.tif", array, held="not read", compression="zstd")
    for name, frame in [
        ("12-bits.jpg", imagecodecs.jpeg8_encode(array >> 4, 95, bitspersample=12)),
        ("lossless.jpg", imagecodecs.jpeg8_encode(array, lossless=True)),
        ("lossless-8.jpg", imagecodecs.jpeg8_encode(shallow, lossless=True)),
        ("jpeg-ls.jls", imagecodecs.jpegls_encode(array)),
        ("bare.j2k", imagecodecs.jpeg2k_encode(array, codecformat="j2k", resolutions=2)),
        ("bare.jp2", imagecodecs.jpeg2k_encode(array, codecformat="jp2", resolutions=2)),
    ]:
        (folder / name).write_bytes(frame)
        cases.append({"file": name, "held": "not read" if "j2k" not in name and "jp2" not in name else "JPEG 2000",
                      "max": 0, "width": 0, "height": 0, "grey": None})
    with open(folder / "cases.json", "w") as out:
        json.dump(cases, out, indent=0)
        out.write("\n")
    print(len(cases), "cases")


main()
