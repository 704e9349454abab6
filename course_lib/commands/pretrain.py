"""`course pretrain`: trains again the nets that ship in data/, says how good they are, and writes or compares them."""

import argparse
import hashlib
import tempfile
import time
from pathlib import Path

from course_lib.commands.checkout import ROOT, Trouble, cannot_write

NAMES = ("letters",)
NEARLY = 0.03
"""Another machine adds in another order; its nets then read a few letters more or fewer than those that ship."""


def main(args: argparse.Namespace) -> int:
    """Train each net of the set `args.name`, print its figures, and write it or compare it where that was asked for."""
    if args.name not in NAMES:
        raise Trouble(f"There are no nets {args.name!r} to train. There are: {', '.join(NAMES)}.")
    if args.write and args.fast:
        raise Trouble("A net of --fast is too poor for data/. Leave out --fast, or write with --folder FOLDER.")
    if args.check and args.fast:
        raise Trouble("A net of --fast is too poor to be compared with those of data/. Leave out --fast.")

    from course_lib.device import set_threads
    from course_lib.lessons.transfer_learning.nets import FILES

    try:
        set_threads()  # one, unless COURSE_THREADS says otherwise: as the nets that ship were trained
    except ValueError as error:
        raise Trouble(str(error)) from error
    folder = _folder(args, list(FILES.values()))
    written: list[Path] = []
    apart = 0
    try:
        for which in FILES:
            share, paths = _train(which, folder, fast=args.fast)
            written += paths
            apart += args.check and not _near(which, share)
    except KeyboardInterrupt:
        before = f"Written before: {', '.join(map(str, written))}. Nothing else was changed."
        print(before if written else "Nothing was written.", flush=True)
        raise
    if args.check:
        print(f"{len(FILES) - apart} passed, {apart} failed")
    elif args.write:
        print("If a sum differs from that in data/README.md, put the new one there; git checkout -- data goes back.")
    elif not folder:
        print("Nothing was written. --folder FOLDER writes into a folder of yours, --write replaces those of data/.")
    return int(apart > 0)


def _folder(args: argparse.Namespace, files: list[str]) -> Path | None:
    """Where to write, or None; that it can be done is seen before a minute of training, not after it.

    Raises:
        Trouble: the folder cannot be written, or holds such a file and nobody asked to replace it.
    """
    if not (args.write or args.folder):
        return None
    folder = ROOT / "data" if args.write else Path(args.folder)
    there = [name for name in files if (folder / name).exists()]
    if there and not args.write:
        raise Trouble(f"{folder} holds {' and '.join(there)}, and nothing is replaced there. Name another folder.")
    try:
        if not args.write:
            folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise cannot_write(folder, error) from error


def _train(which: str, folder: Path | None, *, fast: bool) -> tuple[float, list[Path]]:
    """Train one net and print its lines. Returns the share that it reads, and the file, if one was written."""
    from course_lib.lessons.transfer_learning import pretraining
    from course_lib.lessons.transfer_learning.nets import FILES

    budget = pretraining.FAST if fast else {"each": pretraining.EACH, "epochs": pretraining.EPOCHS}
    start = time.perf_counter()
    net = pretraining.pretrained(which, **budget)
    seconds = time.perf_counter() - start
    share = pretraining.accuracy(net, which, each=budget["each"])
    content = pretraining.packed(net)
    percent = f"{100 * share:.1f} %"
    print(f"{FILES[which]}: {seconds:.1f} s, reads {percent} of new printed letters, in fonts that it has not seen")
    print(f"    {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}", flush=True)
    if folder is None:
        return share, []
    try:
        path = pretraining.write(net, which, folder)
    except OSError as error:
        raise cannot_write(folder / FILES[which], error) from error
    print(f"    written: {path}", flush=True)
    return share, [path]


def _near(which: str, share: float) -> bool:
    """Say what the net that ships reads of the same new letters, and whether that is nearly as much."""
    from safetensors import SafetensorError

    from course_lib.lessons.transfer_learning import pretraining
    from course_lib.lessons.transfer_learning.nets import FILES, letters_net

    try:
        ships = pretraining.accuracy(letters_net(which), which)
    except (OSError, SafetensorError, RuntimeError) as error:  # gone, no weights, or those of another net
        print(f"✗ {FILES[which]} of data/: {error}", flush=True)
        return False
    near = abs(share - ships) <= NEARLY
    rest = "nearly as many" if near else f"more than {100 * NEARLY:.0f} points away"
    print(f"{'✓' if near else '✗'} {FILES[which]} of data/ reads {100 * ships:.1f} %: {rest}", flush=True)
    return near
