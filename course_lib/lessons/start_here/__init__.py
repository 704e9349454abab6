"""Lesson 00, start_here: its explorers, predictions, exercises and figures."""

from course_lib.lessons.start_here.exercises import mse, slope_of
from course_lib.lessons.start_here.explorers import Paint, Slope
from course_lib.lessons.start_here.figures import plot_broadcast, plot_sheet
from course_lib.lessons.start_here.predictions import memory, read, shape

__all__ = [
    "Paint",
    "Slope",
    "memory",
    "mse",
    "plot_broadcast",
    "plot_sheet",
    "read",
    "shape",
    "slope_of",
]
