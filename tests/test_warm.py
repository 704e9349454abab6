"""A run in a fork is as `python -m` would be, and knows nothing of the run before it."""

import os

import pytest

from tests.warm import Warm

MODULE = """
import os, sys
import state
state.runs += 1
print(state.runs, sys.argv[1:], os.getcwd() == sys.path[0], os.environ.get("WORD"), __name__)
print("trouble", file=sys.stderr)
sys.exit(3)
"""


@pytest.fixture(scope="module")
def warm():
    with Warm(["json"]) as warm:
        yield warm


@pytest.mark.slow
def test_each_run_starts_afresh(warm, tmp_path):
    (tmp_path / "state.py").write_text("runs = 0")
    (tmp_path / "work.py").write_text(MODULE)
    for word in ("one", "two"):
        done = warm.run("work", "a", word, cwd=tmp_path, env=os.environ | {"WORD": word})
        assert done.stdout == f"1 ['a', '{word}'] True {word} __main__\n"
        assert (done.stderr, done.returncode) == ("trouble\n", 3)


@pytest.mark.slow
def test_an_error_and_a_death_are_seen(warm, tmp_path):
    (tmp_path / "fails.py").write_text("1 / 0")
    (tmp_path / "dies.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    failed = warm.run("fails", cwd=tmp_path, env=dict(os.environ))
    assert failed.returncode == 1 and "ZeroDivisionError" in failed.stderr
    assert warm.run("dies", cwd=tmp_path, env=dict(os.environ)).returncode == -9
