"""The preload libraries, packed for the command that has them inside (crates/cli/build.rs).

    python3 pack_libraries.py MACHINE FOLDER NAME=FILE...

FOLDER gets libraries.lzma2, the files one after the other in one stream of LZMA2, and libraries: a line for each of
them, in that order, with its name, its bytes and their SHA-256. They are one stream because the libraries for glibc and
for musl are mostly the same code: the second costs a sixth of what it costs alone. Code for x86 is filtered before,
which is a tenth; for AArch64 Python has no filter.
"""

import hashlib
import lzma
import pathlib
import sys

# As crates/cli/src/launch/embedded.rs unpacks it. Without the three alignments: x86 has none.
X86 = [{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "lc": 3, "lp": 0, "pb": 0}]
OTHER = [{"id": lzma.FILTER_LZMA2, "lc": 2, "lp": 2, "pb": 2}]
DICTIONARY = 8 << 20


def main(machine, folder, *words):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    index, together = "", b""
    for name, file in (word.split("=", 1) for word in words):
        library = pathlib.Path(file).read_bytes()
        index += f"{name} {len(library)} {hashlib.sha256(library).hexdigest()}\n"
        together += library
    if len(together) > DICTIONARY:
        sys.exit("pack_libraries: the libraries are larger than the dictionary")
    filters = X86 if machine == "x86_64" else OTHER
    filters[-1].update(preset=9 | lzma.PRESET_EXTREME, dict_size=DICTIONARY, nice_len=273)
    packed = lzma.compress(together, format=lzma.FORMAT_RAW, filters=filters)
    (folder / "libraries.lzma2").write_bytes(packed)
    (folder / "libraries").write_text(index)


main(*sys.argv[1:])
