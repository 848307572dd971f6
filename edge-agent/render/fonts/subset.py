#!/usr/bin/env python3
"""Makes the two faces of this folder from Noto Sans Mono 2.006 (Debian: fonts-noto-mono; PyPI: fonttools).

    subset.py [FOLDER WITH NotoSansMono-Regular.ttf AND NotoSansMono-Bold.ttf]

The faces have Latin with Latin Extended, Cyrillic with Cyrillic Extended, the signs of the currencies, and punctuation.
A letter that is wider than a cell is left out, because every letter of a form has one cell.
"""
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

SOURCE = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/fonts/truetype/noto")
LETTERS = [
    (0x20, 0x7E), (0xA0, 0x17F), (0x18F, 0x18F), (0x192, 0x192), (0x1A0, 0x1A1), (0x1AF, 0x1B0), (0x1CD, 0x1DC),
    (0x1E2, 0x1E9), (0x218, 0x21B), (0x259, 0x259), (0x2B9, 0x2BC), (0x2C6, 0x2C7), (0x2D8, 0x2DD),
    (0x300, 0x30C), (0x326, 0x328), (0x400, 0x52F), (0x1E80, 0x1E85), (0x1E9E, 0x1E9E), (0x1EF2, 0x1EF3),
    (0x2010, 0x2015), (0x2018, 0x201E), (0x2020, 0x2022), (0x2026, 0x2026), (0x2030, 0x2030), (0x2032, 0x2033),
    (0x2039, 0x203A), (0x2070, 0x208E), (0x20A0, 0x20BF), (0x2116, 0x2116), (0x2122, 0x2122), (0x2190, 0x2193),
    (0x2212, 0x2212), (0x2248, 0x2248), (0x2260, 0x2260), (0x2264, 0x2265), (0x25A1, 0x25A1), (0x25CF, 0x25CF),
    (0x2713, 0x2713),
]

for weight in ("Regular", "Bold"):
    font = TTFont(SOURCE / f"NotoSansMono-{weight}.ttf")
    cell = font["hmtx"]["zero"][0]
    names = font.getBestCmap()
    wanted = [
        code for first, last in LETTERS for code in range(first, last + 1)
        if code in names and font["hmtx"][names[code]][0] in (0, cell)
    ]
    options = subset.Options()
    options.hinting = False
    options.layout_features = []
    options.notdef_outline = True
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "STAT", "DSIG", "MATH", "meta"]
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 7, 13, 14]
    maker = subset.Subsetter(options)
    maker.populate(unicodes=wanted)
    maker.subset(font)
    target = Path(__file__).with_name(f"NotoSansMono-{weight}.ttf")
    font.save(target)
    print(target.name, target.stat().st_size, "bytes,", len(wanted), "letters")
