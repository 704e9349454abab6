"""What a notebook sees: the public names, the set-up line, and what importing costs."""

import os
import subprocess
import sys

import pytest
import torch

import course_lib as course


def test_every_public_name_is_there():
    assert all(hasattr(course, name) for name in course.__all__)


def test_setup_prints_one_line_and_starts_the_random_numbers(capsys):
    course.setup(seed=3)
    first = torch.rand(2)
    course.setup(seed=3)
    assert torch.equal(first, torch.rand(2))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[0] == lines[1]
    assert lines[0].startswith("Ready: Python 3.") and f"torch {torch.__version__}" in lines[0]
    assert "CPU, 1 thread · seed 3" in lines[0]


def test_setup_in_lecture_mode_says_so(capsys):
    course.setup(lecture=True)
    assert "lecture mode" in capsys.readouterr().out
    course.setup()
    assert "lecture mode" not in capsys.readouterr().out


def test_setup_is_in_lecture_mode_where_the_environment_asks_for_it_and_nobody_says_otherwise(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_LECTURE", "1")
    course.setup(lecture=False)
    assert "lecture mode" not in capsys.readouterr().out
    course.setup()
    assert "lecture mode" in capsys.readouterr().out
    monkeypatch.delenv("COURSE_LECTURE")
    course.setup()


@pytest.mark.parametrize("seed", ["abc", None, 1.5])
def test_a_seed_that_is_no_whole_number_is_named(seed):
    for start in (course.setup, course.seed_everything):
        with pytest.raises(ValueError, match=f"seed is {seed!r}; it must be a whole number"):
            start(seed=seed)


def test_seeds_are_shifted_when_claims_are_checked(monkeypatch):
    course.seed_everything(5)
    expected = torch.rand(1)
    monkeypatch.setenv("COURSE_SEED_SHIFT", "2")
    course.seed_everything(3)
    assert torch.equal(torch.rand(1), expected)


def test_a_bad_thread_count_is_named(monkeypatch):
    monkeypatch.setenv("COURSE_THREADS", "many")
    with pytest.raises(ValueError, match="COURSE_THREADS is 'many'"):
        course.setup()


def fresh(code):
    env = {key: value for key, value in os.environ.items() if key != "PYTORCH_ENABLE_MPS_FALLBACK"}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env).stdout


def test_import_is_light_and_sets_what_torch_reads():
    heavy = "sklearn pandas matplotlib.pyplot matplotlib.figure jupyterlab nbformat torch._dynamo pytest"
    code = (
        "import sys, os, course_lib; print(os.environ['PYTORCH_ENABLE_MPS_FALLBACK'],"
        f"[m for m in {heavy.split()} if m in sys.modules])"
    )
    assert fresh(code).strip() == "1 []"


def test_setup_warms_the_optimisers_up_in_the_background():
    code = (
        "import sys, course_lib; from course_lib.warm_up import warm_up; course_lib.setup(); t = warm_up(); t.join();"
        "print('torch._dynamo' in sys.modules, t is warm_up())"
    )
    assert fresh(code).splitlines()[-1] == "True True"


def test_doctor_in_a_notebook_prints_what_the_command_prints(capsys):
    from course_lib.cli import main

    assert course.doctor() is None
    here = capsys.readouterr().out
    main(["doctor"])

    def without_numbers(text):  # free memory and disk differ from one moment to the next
        return [line for line in text.splitlines() if " GB free" not in line]

    assert without_numbers(here) == without_numbers(capsys.readouterr().out)
    assert "torch" in here and torch.__version__ in here


def test_doctor_never_stops_a_notebook(monkeypatch, capsys):
    from course_lib.commands import doctor

    monkeypatch.setattr(doctor, "CHECKS", {"broken": lambda: 1 / 0})
    assert course.doctor() is None
    assert capsys.readouterr().out.startswith("MEND  broken       ZeroDivisionError")
