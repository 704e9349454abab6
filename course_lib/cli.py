"""The `course` command. This file knows the arguments; what a command does stands in commands/NAME.py."""

import argparse
import importlib
import sys

from course_lib.commands.checkout import INSTALL, ROOT, Trouble

FAILED, TROUBLE, INTERRUPTED = 1, 2, 130  # exit codes: something checked is wrong; could not be done; Ctrl-C


def parser() -> argparse.ArgumentParser:
    """The arguments of every command."""
    what = "A deep-learning course to predict, drag, break and repair."
    top = argparse.ArgumentParser(prog="course", description=what, allow_abbrev=False)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, what: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=what, description=what, allow_abbrev=False)

    lab = command("lab", "open the lessons in JupyterLab; further arguments go to it")
    lab.add_argument("--port", type=int, help="use this port, or say that it is taken (default: a free one)")
    lab.add_argument("--lecture", action="store_true", help="large text, figures and explorers, for a lecture hall")

    run = command("run", "run lessons from top to bottom, with their seconds and memory")
    _lessons(run)
    run.add_argument("--store", action="store_true", help="write what the claims print into the notebooks")
    run.add_argument("--report", metavar="FILE", help="write the table as JSON")
    run.add_argument("--twice", action="store_true", help="run all cells twice in the same kernel")

    test = command("test", "run the tests and check the notebooks; further arguments go to pytest")
    test.add_argument("--fast", action="store_true", help="leave out browser tests, slow tests and the notebooks")
    test.add_argument("--breakages", action="store_true", help="only: break the code in small ways; each must be seen")

    command("doctor", "look at this machine and this installation: what is right, and what to do")
    command("progress", "show which predictions are made and which exercises are solved")

    data = command("data", "list the files that can be fetched and where they are kept, or fetch them")
    data.add_argument("names", nargs="*", metavar="NAME", help="sets to fetch (default: only list them)")
    data.add_argument("--all", action="store_true", help="fetch every set, for a room without a network")

    pretrain = command("pretrain", "train the nets of data/ again and print how good they are; writes only where told")
    pretrain.add_argument("name", metavar="NAME", help="letters: the two nets of lesson 08, one to two minutes")
    where = pretrain.add_mutually_exclusive_group()
    where.add_argument("--folder", metavar="FOLDER", help="write them there, where no such file is yet")
    where.add_argument("--write", action="store_true", help="write them into data/, in place of those that ship")
    where.add_argument("--check", action="store_true", help="compare them with those that ship; write nothing")
    pretrain.add_argument("--fast", action="store_true", help="few letters, few epochs: seconds, and poorer nets")

    lessons = command("lessons", "list the lessons with their questions, or make notebooks/README.md, which says more")
    lessons.add_argument("--write", action="store_true", help="write notebooks/README.md")
    lessons.add_argument(
        "--seconds", metavar="FILE", help="write it, with seconds and MB of `course run --report FILE`"
    )
    lessons.add_argument("--check", action="store_true", help="say whether it is what the notebooks say")

    claims = command("claims", "re-run the claims with other seeds, other threads and a touch of noise")
    _lessons(claims)
    claims.add_argument("--json", metavar="F", help="write every value as JSON")
    claims.add_argument("--stored", action="store_true", help="no run as it is: `course test` has just made that one")
    claims.add_argument("--shifts", type=int, choices=range(5), default=4, metavar="N", help="other seeds (default 4)")
    claims.add_argument("--jobs", type=_at_least_one, default=2, metavar="N", help="runs at a time (default 2)")
    return top


def _at_least_one(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of runs, which is 1 or more")
    return int(text)


def _lessons(command: argparse.ArgumentParser) -> None:
    command.add_argument("lessons", nargs="*", metavar="NN", help="lessons by number or name (default: all)")


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code; trouble is one sentence on stderr, never a traceback."""
    for stream in (sys.stdout, sys.stderr):  # a Windows console in an old code page has no ✓
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    top = parser()
    if not (sys.argv[1:] if argv is None else argv):
        top.print_help(sys.stderr)
        return TROUBLE
    args, rest = top.parse_known_args(argv)
    if rest and args.command not in ("lab", "test"):
        top.error(f"course {args.command} does not know {' '.join(rest)}")
    args.rest = rest
    try:
        return importlib.import_module(f"course_lib.commands.{args.command}").main(args)
    except Trouble as trouble:
        words = str(trouble)
    except ModuleNotFoundError as missing:
        words = f"The package {missing.name} is not installed in this Python. In {ROOT} run: {INSTALL}"
    except PermissionError as refused:
        words = f"No permission to use {refused.filename}. Work in a folder that is yours."
    except KeyboardInterrupt:
        print(f"course {args.command}: interrupted", file=sys.stderr)
        return INTERRUPTED
    print(f"course {args.command}: {words}", file=sys.stderr)
    return TROUBLE


if __name__ == "__main__":
    sys.exit(main())
