"""Reads barcodes and QR codes with readers of others: `codes.py FOLDER`. It runs in an environment that has PACKAGES; zbarimg is beside it.

FOLDER has `page.html`, the page of a receipt with all barcodes, `encodings.json` with their names, `paper-*.png`, the PDF of this receipt,
`printed-*.png`, the page as a browser prints it, if there is one, and `links.json` with the names of pictures of printed papers and the address that the QR code of each holds.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

PACKAGES = ("zxing-cpp==3.1.1", "pillow==13.0.0")
# What each encoding must be read as. A check digit that the encoding has is part of what a reader says.
EXPECTED = {"CODE128": "FT-2026-11", "EAN13": "8711253001202", "UPC": "036000291452", "EAN8": "55123457", "CODE39": "FT-39",
            "ITF14": "12345678901231", "CODEBAR": "12345", "CODE93": "TEST93", "INTERLEAVED2OF5": "12345670"}
# Additions to EAN-13: readers read them beside a main code only.
ADDITIONS = {"EAN5": "52495", "EAN2": "05"}
# No reader of others that is free reads these.
UNREAD = ("MSI", "PHARMACODE")


def zbar(file: Path) -> set:
    """What zbar reads, as texts."""
    said = subprocess.run(["zbarimg", "-q", "--raw", "-S*.enable", str(file)], capture_output=True, text=True, timeout=60)
    return set(said.stdout.split())


def drawn(page: str, encodings: list, folder: Path) -> None:
    """Each barcode of a page as a picture with one pixel a bar: what a browser draws."""
    from PIL import Image

    pictures = re.findall(r'<svg class="w".*?viewBox="0 0 (\d+) (\d+)".*?<path d="([^"]*)"', page, re.S)
    assert len(pictures) == len(encodings), f"{len(pictures)} codes are on the page"
    for encoding, (width, _, bars) in zip(encodings, pictures):
        row = Image.new("L", (int(width), 1), 255)
        for left, count in re.findall(r"M(\d+) 0h(\d+)v", bars):
            for x in range(int(left), int(left) + int(count)):
                row.putpixel((x, 0), 0)
        row.resize((int(width) * 4, 240), Image.Resampling.NEAREST).save(folder / f"{encoding}.png")


def bars_of(picture):
    """A code without the white at both ends."""
    from PIL import ImageOps

    left, _, right, _ = ImageOps.invert(picture).getbbox()
    return picture.crop((left, 0, right, picture.height))


def main() -> None:
    import zxingcpp
    from PIL import Image

    folder = Path(sys.argv[1])
    drawn((folder / "page.html").read_text(encoding="utf-8"), json.loads((folder / "encodings.json").read_text()), folder)
    readers, missing = {}, []
    for encoding, text in EXPECTED.items():
        file = folder / f"{encoding}.png"
        said = {"zxing": {code.text for code in zxingcpp.read_barcodes(Image.open(file))}, "zbar": zbar(file)}
        # Some readers leave the first zero of a UPC away, and others give start and stop of a Codabar.
        by = [name for name, texts in said.items() if any(one.strip("AB") in (text, f"0{text}") or f"0{one}" == text for one in texts)]
        readers[encoding] = "+".join(by)
        if not by:
            missing.append((encoding, said))
    assert not missing, f"no reader reads {missing}"
    # An addition stands to the right of an EAN-13, as on a magazine.
    for encoding, text in ADDITIONS.items():
        first, addition = (bars_of(Image.open(folder / f"{name}.png")) for name in ("EAN13", encoding))
        # Nine bars of white are between them, and eleven around them.
        both = Image.new("L", (first.width + addition.width + 31 * 4, 240), 255)
        both.paste(first, (11 * 4, 0))
        both.paste(addition, (first.width + 20 * 4, 0))
        both.save(folder / f"{encoding}-both.png")
        said = zxingcpp.read_barcodes(both, ean_add_on_symbol=zxingcpp.EanAddOnSymbol.Require)
        assert any(code.text.replace(" ", "").endswith(text) for code in said), (encoding, [code.text for code in said])
        readers[encoding] = "zxing, beside EAN13"
    # The same codes on the PDF, as a printer with 203 dots per inch prints it.
    on_paper = {code.text for page in sorted(folder.glob("paper-*.png")) for code in zxingcpp.read_barcodes(Image.open(page))}
    for text in (EXPECTED["CODE128"], EXPECTED["EAN13"], EXPECTED["CODE39"], EXPECTED["CODE93"]):
        assert text in on_paper, f"{text} is not read from the PDF: {on_paper}"
    # The page as a browser prints it on one sheet.
    printed = {one.strip("AB") for page in folder.glob("printed-*.png") for one in zbar(page)}
    unread = [text for text in (*EXPECTED.values(), *ADDITIONS.values()) if printed and text not in printed]
    assert not unread, f"{unread} are not read from the printed page: {printed}"
    links = json.loads((folder / "links.json").read_text())
    for name, link in links.items():
        said = zbar(folder / name)
        assert link in said, f"{name}: zbar reads {said}, not {link}"
    judged = ", ".join(f"{encoding} ({by})" for encoding, by in readers.items())
    print(f"{judged}; no free reader reads {' and '.join(UNREAD)}; {len(on_paper)} codes of the PDF; {len(printed)} of the printed page; {len(links)} QR codes of paper of 58 and 80 mm")


if __name__ == "__main__":
    main()
