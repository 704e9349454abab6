"""Lesson 06, convolutions: its explorers, predictions, exercises, figures and nets."""

from course_lib.datasets import new_digits
from course_lib.lessons.convolutions.exciting import Excite, excite, trained_lenet
from course_lib.lessons.convolutions.exercises import counts, reach, size
from course_lib.lessons.convolutions.figures import (
    plot_kernels,
    plot_maps,
    plot_moving_maps,
    plot_shifts,
    plot_shuffled,
    plot_two_losses,
)
from course_lib.lessons.convolutions.matrix import Tied, matrix_of
from course_lib.lessons.convolutions.nets import NETS, SHIFTS, accuracy, at_each_shift, trained
from course_lib.lessons.convolutions.pictures import as_pictures, enlarged, on_canvas, one_of_each, square
from course_lib.lessons.convolutions.predictions import found, moved, places, work
from course_lib.lessons.convolutions.shifting import Shift
from course_lib.lessons.convolutions.stacks import Field, stack_of
from course_lib.lessons.convolutions.window_exercises import as_matmul, slide
from course_lib.lessons.convolutions.windows import Design, Window

__all__ = [
    "NETS",
    "SHIFTS",
    "Design",
    "Excite",
    "Field",
    "Shift",
    "Tied",
    "Window",
    "accuracy",
    "as_matmul",
    "as_pictures",
    "at_each_shift",
    "counts",
    "enlarged",
    "excite",
    "found",
    "matrix_of",
    "moved",
    "new_digits",
    "on_canvas",
    "one_of_each",
    "places",
    "plot_kernels",
    "plot_maps",
    "plot_moving_maps",
    "plot_shifts",
    "plot_shuffled",
    "plot_two_losses",
    "reach",
    "size",
    "slide",
    "square",
    "stack_of",
    "trained",
    "trained_lenet",
    "work",
]
