#!/usr/bin/env python3
"""Says what each crate costs in the release program, as a table in Markdown: `by_crate.py PROGRAM [--rows 20]`.

    CARGO_PROFILE_RELEASE_STRIP=none cargo build --release --target-dir /tmp/symbols
    python3 hardware-tests/size/by_crate.py /tmp/symbols/release/ferrotill

The program needs its symbols; without them it has the same code and the same data. binutils 2.40 or newer is needed.

A function counts for the crate in which its source is. What was put into another function counts for that one, and a generic function
for the crate that has its source, whoever needed it: the standard library and `axum` contain much of our own code. Constants are texts and tables; most have no symbol, so
fonts, pages and lists are found by the files of the tree and of the registry whose bytes the program contains, and the rest is one row.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent.parent
SHOWN = {
    "libsqlite3-sys": "SQLite (`libsqlite3-sys`)",
    "std": "standard library, and what is generic in it",
    "libc": "C library (glibc)",
}
STANDARD = {"core", "alloc", "std", "compiler_builtins", "hashbrown", "rustc_demangle", "gimli", "addr2line", "memchr", "miniz_oxide"}
# Fonts, pages, lists: data that is part of the program as a file is.
DATA = ("edge-agent/render/fonts/*.ttf", "edge-agent/src/ui/assets/*", "edge-agent/src/**/described.txt", "edge-agent/packaging/*.service",
        "migrations/**/*.sql")
# The parts of the program that are neither code nor constants.
TABLES = {
    ".data.rel.ro": "tables of addresses (methods of traits, constants that point to others)",
    ".data": "variables",
    ".gcc_except_table": "tables for ending a thread",
}


def readelf(*arguments) -> list[str]:
    output = subprocess.run(["readelf", *arguments], check=True, capture_output=True, text=True).stdout
    return output.splitlines()


def sections(program: str) -> dict[int, tuple[str, int, int]]:
    """For each section that takes room in the stripped program its name, its size and its place in the file."""
    found = {}
    for line in readelf("-SW", program):
        parts = re.match(r"\s*\[\s*(\d+)\] (\S+)\s+(\S+)\s+\S+ ([0-9a-f]+) ([0-9a-f]+) \S+\s+(\S*)", line)
        if parts and "A" in parts[6] and parts[3] != "NOBITS":
            found[int(parts[1])] = (parts[2], int(parts[5], 16), int(parts[4], 16))
    return found


def crate_of(name: str, file: str) -> str:
    """The crate of a symbol. C and assembly have no paths; their file or their prefix says where they belong."""
    if file == "sqlite3.c" or name.startswith(("sqlite3", "_sqlite3")):
        return "libsqlite3-sys"
    if name.startswith(("ring_core_", "ecp_nistz256", "LIMB", "bn_", "aes_", "gcm_", "chacha", "sha256_", "sha512_", "p256_", "p384_")):
        return "ring"
    # `<alloc::vec::Vec<T> as ferrotill::X>::f`, `core::ptr::drop_in_place<ferrotill::Y>`, `ferrotill::a::f`.
    # `<T as axum::X>::f` names only the trait.
    name = re.sub(r"^<[&*]*(?:mut |const )*[A-Z][A-Z0-9]* as ", "<", name)
    path = re.match(r"(?:[<&*(\[ ]|mut |const |dyn |impl |for )*([A-Za-z_][A-Za-z0-9_]*)(?:::|\[)", name)
    if "::" not in name or path is None:
        return "ring" if file.startswith(("curve25519", "aes", "montgomery", "gfp_", "ecp_", "limbs", "poly1305", "p256", "cpu_intel")) else "libc"
    first = path[1]
    # A trait that a crate implements for a type of the standard library is the crate's code: `<alloc::string::String as serde::X>`.
    implemented = re.match(r"<.* as ([A-Za-z_][A-Za-z0-9_]*)::", name)
    if first in STANDARD and implemented and implemented[1] not in STANDARD:
        first = implemented[1]
    inside = re.search(r"<impl (?:.* for )?[&*]*(?:mut |dyn )*([a-z_][a-z0-9_]*)::", name)
    if first in STANDARD and inside and inside[1] not in STANDARD:
        first = inside[1]
    return "std" if first in STANDARD else first


def symbols(program: str, known: dict[int, tuple[str, int, int]]):
    """Each symbol once: its section, its size, its name and its file."""
    file, seen = "", set()
    for line in readelf("-sWC", program):
        parts = line.split(None, 7)
        if len(parts) < 8 or not parts[0].endswith(":"):
            continue
        _, address, size, kind, bind, _, section, name = parts
        if kind == "FILE":
            file = name
        elif section.isdigit() and int(section) in known and kind in ("FUNC", "OBJECT", "NOTYPE"):
            length = int(size, 0)
            # Functions with equal code are one function with several names.
            if length and (section, address) not in seen:
                seen.add((section, address))
                yield int(section), length, re.sub(r"^\[clone[^]]*\] ", "", name), file if bind == "LOCAL" else ""


def files_inside(program: bytes) -> dict[str, int]:
    """The files whose bytes the program contains, and their sizes."""
    found = {}
    for pattern in DATA:
        for path in sorted(TREE.glob(pattern)):
            data = path.read_bytes()
            if len(data) >= 512 and data in program:
                found[str(path.relative_to(TREE))] = len(data)
    return found


def thousands(number: int) -> str:
    return f"{number:,}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="the release program with its symbols")
    parser.add_argument("--rows", type=int, default=20, help="how many crates have a row of their own (default 20)")
    arguments = parser.parse_args()
    known = sections(arguments.program)
    if not any(True for _ in symbols(arguments.program, known)):
        parser.error(f"{arguments.program} has no symbols; build it with CARGO_PROFILE_RELEASE_STRIP=none")
    code, constants, named = Counter(), Counter(), Counter()
    in_section = Counter()
    for section, size, name, file in symbols(arguments.program, known):
        kind = known[section][0]
        in_section[kind] += size
        crate = crate_of(name, file)
        if kind == ".text":
            code[crate] += size
        elif kind == ".rodata":
            constants[crate] += size
            if size >= 16 * 1024:
                named[f"`{name}` ({crate})"] += size
    sizes = Counter()
    for name, size, _ in known.values():
        sizes[name] += size
    whole = sum(sizes.values())
    files = files_inside(Path(arguments.program).read_bytes())

    print("| Part | Code | Constants with a name | Together | Share |\n| --- | --- | --- | --- | --- |")

    def row(words: str, of_code: int | None, of_constants: int | None, together: int) -> None:
        cells = ["–" if one is None else thousands(one) for one in (of_code, of_constants)]
        print(f"| {words} | {cells[0]} | {cells[1]} | {thousands(together)} | {together * 100 / whole:.1f} % |")

    both = code + constants
    shown = [crate for crate, _ in both.most_common(arguments.rows)]
    for crate in shown:
        row(SHOWN.get(crate, f"`{crate}`"), code[crate], constants[crate], both[crate])
    rest = [crate for crate in both if crate not in shown]
    row(f"{len(rest)} other crates", sum(code[crate] for crate in rest), sum(constants[crate] for crate in rest), sum(both[crate] for crate in rest))
    fonts = sum(files.values())
    row("files: " + ", ".join(f"`{name}` {thousands(size)}" for name, size in sorted(files.items(), key=lambda one: -one[1])[:6])
        + (f", {len(files) - 6} more" if len(files) > 6 else ""), None, None, fonts)
    row("constants without a name: texts of messages, pages and words, small tables", None, None, sizes[".rodata"] - in_section[".rodata"] - fonts)
    for name, words in TABLES.items():
        row(words, None, None, sizes[name])
    row("gaps between functions", None, None, sizes[".text"] - in_section[".text"])
    others = sum(size for name, size in sizes.items() if name not in (".text", ".rodata", *TABLES))
    row("relocations and the rest", None, None, others)
    row("**together**", sum(code.values()), sum(constants.values()), whole)
    print("\nConstants of 16 KiB and more: " + ", ".join(f"{name} {thousands(size)}" for name, size in named.most_common()) + ".")
    return 0


if __name__ == "__main__":
    sys.exit(main())
