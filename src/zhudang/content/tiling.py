"""`python -m zhudang.content.tiling IMAGE TARGET`: cut an image into deep zoom tiles, in a process of its own."""

import sys
from pathlib import Path


def cut(source: Path, target: Path) -> None:
    """Write TARGET.dzi and TARGET_files/: JPEG tiles of 254 + 1 pixels, as OpenSeadragon reads them."""
    import pyvips

    image = pyvips.Image.new_from_file(str(source), access="sequential").autorot()
    if image.hasalpha():
        image = image.flatten(background=255)
    image.dzsave(str(target), suffix=".jpeg[Q=85]", tile_size=254, overlap=1)


if __name__ == "__main__":
    cut(Path(sys.argv[1]), Path(sys.argv[2]))
