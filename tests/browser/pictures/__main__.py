"""The command; see the package."""

import argparse
import tempfile
from pathlib import Path

from course_lib.commands.checkout import ROOT
from tests.browser.lab import Lab, browser_window
from tests.browser.pictures import __doc__, readme, sheets
from tests.lessons.cells import lessons


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.pictures", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("names", nargs="*", metavar="NAME", help="a picture of README, or the number of a lesson")
    parser.add_argument("--sheets", type=Path, metavar="FOLDER", help="contact sheets, into this folder")
    parser.add_argument("--sizes", nargs="+", choices=sheets.SIZES, default=list(sheets.SIZES), help="of the sheets")
    asked = parser.parse_args()
    known = {name[:2]: name for name in lessons()} if asked.sheets else dict.fromkeys(readme.PICTURES)
    if unknown := [name for name in asked.names if name not in known]:
        parser.error(f"{', '.join(unknown)}: not one of {', '.join(known)}")
    with tempfile.TemporaryDirectory() as folder, browser_window() as browser:
        if asked.sheets:
            asked.sheets.mkdir(parents=True, exist_ok=True)
            for size in asked.sizes:
                with Lab(sheets.copy_notebooks(Path(folder) / size, size)) as lab:
                    for name in asked.names or known:
                        tiles = sheets.tiles(known[name], lab, browser)
                        files = sheets.write(tiles, asked.sheets, f"{known[name]}-{size}")
                        print(f"{known[name]}, {size}: {len(files)} sheets", flush=True)
        else:
            with Lab(sheets.copy_notebooks(Path(folder) / "notebooks", "normal")) as lab:
                for name in asked.names or known:
                    file = readme.take(readme.PICTURES[name], lab, browser, readme.FOLDER / f"{name}.png")
                    print(f"{file.relative_to(ROOT)}: {file.stat().st_size // 1024} kB", flush=True)


if __name__ == "__main__":
    main()
