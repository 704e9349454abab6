"""Code for a process of its own that loads single files of the course: all of it would take seconds to import."""

from course_lib.commands.checkout import ROOT

ALONE = f"""
import sys, types
course = types.ModuleType("course_lib")
course.__path__ = [{str(ROOT / "course_lib")!r}]
sys.modules["course_lib"] = course
"""
