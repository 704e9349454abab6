"""course test: what is run, what is counted, and that nothing that failed is lost on the way to the last line."""

import argparse

import pytest

from course_lib.commands import test as command

REPORT = """<testsuites><testsuite>
<testcase name="a"/><testcase name="b"><failure message="no"/></testcase>
<testcase name="c"><error message="no"/></testcase>
<testcase name="d"><skipped message="no Chromium here"/></testcase>
</testsuite></testsuites>"""


def count(tmp_path, text, code):
    report = tmp_path / "report.xml"
    if text:
        report.write_text(text)
    return command.count("tests", report, code)


def test_outcomes_are_counted(tmp_path):
    part = count(tmp_path, REPORT, 1)
    assert (part.passed, part.failed, part.skipped) == (1, 2, ["no Chromium here"])


@pytest.mark.parametrize("code", [1, 2, 3, 4, -9])
def test_a_crash_without_a_failed_test_is_a_failure(tmp_path, code):
    assert count(tmp_path, "", code).failed == 1
    assert count(tmp_path, "<testsuites/>", code).failed == 1


def test_no_tests_at_all_is_a_skip(tmp_path):
    part = count(tmp_path, "<testsuites/>", 5)
    assert (part.failed, part.skipped) == (0, ["no tests to run"])


def test_the_last_line_counts_everything():
    parts = [command.Part("tests", 3, 1, ["no GPU", "no GPU"], 2.0), command.Part("notebooks", 5, 0, [], 3.0)]
    lines = command.closing(parts, ["browser tests"]).splitlines()
    assert lines[-1] == "8 passed, 1 failed, 2 skipped in 5 s"
    assert "  skipped 2: no GPU" in lines
    assert "left out: browser tests" in lines


@pytest.fixture
def started(monkeypatch):
    """The commands that would be started; each ends with the code that `fails` names, 0 otherwise."""
    commands, fails = [], {}

    def python(*arguments):
        commands.append(arguments)
        return next((code for word, code in fails.items() if word in arguments), 0)

    monkeypatch.setattr(command, "_python", python)
    return commands, fails


def arguments(**given):
    return argparse.Namespace(**{"fast": False, "breakages": False, "rest": []} | given)


def test_everything_is_run(started):
    assert command.main(arguments()) == 0
    ruff, style, tests, notebooks = started[0]
    assert ruff[:3] == ("-m", "ruff", "check")
    assert style[:4] == ("-m", "ruff", "format", "--check")
    assert "tests" in tests and "-n" in tests
    assert {"--nbval-lax", "--nbval-current-env", "tests.notebooks.hardening", "loadfile"} <= set(notebooks)


def test_fast_leaves_out_what_is_slow_and_says_so(started, capsys):
    assert command.main(arguments(fast=True)) == 0
    assert len(started[0]) == 3
    assert "not slow and not browser" in started[0][2]
    assert "left out: slow and browser tests and the notebooks" in capsys.readouterr().out


@pytest.mark.parametrize("word", ["check", "--check", "tests", "--nbval-lax"])
def test_any_part_that_fails_fails_it_all(started, word):
    started[1][word] = 1
    assert command.main(arguments()) == 1


def test_named_tests_run_alone(started):
    assert command.main(arguments(rest=["tests/test_tidy.py", "-x"])) == 0
    (only,) = started[0]
    assert only[-2:] == ("tests/test_tidy.py", "-x")


def test_breakages_run_alone_and_keep_their_code(started):
    started[1]["tests.breakages"] = 1
    assert command.main(arguments(breakages=True)) == 1
    assert started[0] == [("-m", "tests.breakages")]
