"""`course data`: what can be fetched and what is here; fetches it ahead, for a lesson where there is no network."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from course_lib.commands.checkout import Trouble

if TYPE_CHECKING:
    from course_lib.download import RemoteFile


def main(args: argparse.Namespace) -> int:
    """List the sets, or fetch those that were named; 1 when one of them could not be fetched."""
    from course_lib import remote_files

    try:
        there = remote_files.sets()
    except (ValueError, FileNotFoundError) as error:
        raise Trouble(str(error)) from error
    if unknown := [name for name in args.names if name not in there]:
        raise Trouble(f"There is no set {', '.join(map(repr, unknown))} to fetch. There are: {', '.join(there)}.")
    if names := list(there) if args.all else list(dict.fromkeys(args.names)):
        return fetch({name: there[name] for name in names})
    show(there)
    return 0


def show(there: "dict[str, list[RemoteFile]]") -> None:
    """Print for each set whether it is here, what it is, its licence, and where it lies or will lie."""
    from course_lib.download import cache_folder, kept

    for name, files in there.items():
        here = sum(kept(file) is not None for file in files)
        state = "kept" if here == len(files) else f"{here} of {len(files)} kept" if here else "not kept"
        size = sum(file.size for file in files) / 1e6
        place = cache_folder() / files[0].name if len(files) == 1 else cache_folder()
        print(f"{name:12} {size:6.1f} MB  {state}")
        print(f"    {files[0].what}")
        print(f"    Licence: {files[0].licence}. Place: {place}")
    print("`course data NAME` fetches one, `course data --all` all of them. COURSE_DATA names another folder.")


def fetch(chosen: "dict[str, list[RemoteFile]]") -> int:
    """Fetch every file of the chosen sets, and go on where one fails. Returns the exit code."""
    from course_lib import download

    counts = {"here already": 0, "fetched": 0, "failed": 0}
    for name, files in chosen.items():
        for file in files:
            outcome = "here already" if download.kept(file) else "fetched"
            try:
                print(f"{name}: {_ready(file)}", flush=True)
            except (download.DownloadError, ValueError, OSError) as error:  # of the download, and of unpacking
                print(f"{name}: {error}", file=sys.stderr, flush=True)
                outcome = "failed"
            except KeyboardInterrupt:
                print("\nWhat has come is kept: the same command goes on from there.", file=sys.stderr)
                raise
            counts[outcome] += 1
    print(", ".join(f"{count} {word}" for word, count in counts.items()))
    return int(counts["failed"] > 0)


def _ready(file: "RemoteFile") -> Path:
    """Fetch and, if it is a zip, unpack: a broken one is to be noticed now, not in the lecture."""
    from course_lib import archive, download

    path = download.fetch(file, progress=sys.stderr.isatty())
    return archive.unpacked(path) if path.suffix == ".zip" else path
