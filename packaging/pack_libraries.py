"""The preload libraries, packed for the command that has them inside (crates/cli/build.rs).

    python3 pack_libraries.py FOLDER NAME=FILE...

FOLDER gets libraries.zst, the files one after the other in one frame of zstd, and libraries: a line for each of them,
in that order, with its name, its bytes and their SHA-256. They are one frame because the libraries for glibc and for
musl are mostly the same code: the second costs a sixth of what it costs alone.
"""

import hashlib
import pathlib
import sys

import zstandard


def main(folder, *words):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    index, together = "", b""
    for name, file in (word.split("=", 1) for word in words):
        library = pathlib.Path(file).read_bytes()
        index += f"{name} {len(library)} {hashlib.sha256(library).hexdigest()}\n"
        together += library
    # All of it may be referred to, however far back.
    parameters = zstandard.ZstdCompressionParameters.from_level(22, source_size=len(together), threads=0)
    (folder / "libraries.zst").write_bytes(zstandard.ZstdCompressor(compression_params=parameters).compress(together))
    (folder / "libraries").write_text(index)


main(*sys.argv[1:])
