"""`wheel pack`, whose zip archive is deflated by zopfli: some 4% smaller than zlib makes it, for any reader of zip.

    python3 pack_wheel.py --dest-dir FOLDER FOLDER
"""

import sys
import zipfile

import zopfli.zlib
from wheel.__main__ import main


class Deflater:
    """What zipfile asks of zlib.compressobj. zopfli takes the whole file at once."""

    def __init__(self):
        self.data = b""

    def compress(self, data):
        self.data += data
        return b""

    def flush(self):
        # Deflate alone, which is what zip has: without zlib's two bytes before it and the checksum of four behind.
        return zopfli.zlib.compress(self.data)[2:-4]


# zipfile has no other way to be given one.
if not hasattr(zipfile, "_get_compressor"):
    sys.exit("pack_wheel: this Python's zipfile cannot be given a compressor")
zipfile._get_compressor = lambda *kind: Deflater()
sys.argv[1:1] = ["pack"]
sys.exit(main())
