"""`course lab`: JupyterLab, opened at the lessons."""

import argparse
import os
import socket
import subprocess
import sys

from course_lib.commands.checkout import Trouble, need, notebooks
from course_lib.commands.lecture_settings import lecture_settings


def main(args: argparse.Namespace) -> int:
    """Become JupyterLab; what `course lab` does not know itself (--no-browser, --allow-root) is handed on to it."""
    folder = notebooks()
    need("jupyterlab")
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}"]
    if args.port is not None:
        check_port(args.port)
        command += [f"--port={args.port}", "--ServerApp.port_retries=0"]
    command += args.rest
    if args.lecture:
        try:
            os.environ["JUPYTERLAB_SETTINGS_DIR"] = str(lecture_settings())
        except OSError as error:
            raise Trouble(
                f"Cannot write {error.filename}: {error.strerror}. Large text needs settings there."
            ) from error
        os.environ["COURSE_LECTURE"] = "1"  # for the kernels: course.setup() looks there
    sys.stdout.flush()
    if os.name == "nt":  # there, exec hands the prompt back while the server still runs
        try:
            return subprocess.call(command)
        except KeyboardInterrupt:
            return 0
    os.execv(command[0], command)


def check_port(port: int) -> None:
    """Say that a port is taken before JupyterLab says it in forty lines.

    Raises:
        Trouble: something listens there, or the number is no port.
    """
    if not 0 < port < 65536:
        raise Trouble(f"--port {port}: a port is a number from 1 to 65535.")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port just left free is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Trouble(
                f"Port {port} is in use or not yours to take. Without --port, course lab looks for a free one; "
                f"`jupyter lab list` shows the servers that run."
            ) from error
