"""Lesson 07, skip_connections: its explorers, predictions, exercises, figures and nets."""

from course_lib.datasets import new_digits
from course_lib.lessons.skip_connections.chart import depth_table, plot_depth
from course_lib.lessons.skip_connections.exercises import paths, rewired, through
from course_lib.lessons.skip_connections.explorers import Gate, Paths, lengths
from course_lib.lessons.skip_connections.figures import (
    plot_gate,
    plot_gradients,
    plot_losses,
    plot_slices,
    plot_surgery,
)
from course_lib.lessons.skip_connections.lesion import (
    accuracy,
    readers,
    reversed_order,
    some_gone,
    swapped,
    without,
)
from course_lib.lessons.skip_connections.nets import (
    DEEP,
    RATES,
    first_gradient,
    last_losses,
    over_depths,
    some_digits,
    stack,
    trained,
    untrained_loss,
)
from course_lib.lessons.skip_connections.predictions import backwards, deep_loss, initial_loss
from course_lib.lessons.skip_connections.resnet_exercises import block, count
from course_lib.lessons.skip_connections.slices import better_than_guessing, loss_slice
from course_lib.lessons.skip_connections.surgery import Lesion, Slice

__all__ = [
    "DEEP",
    "RATES",
    "Gate",
    "Lesion",
    "Paths",
    "Slice",
    "accuracy",
    "backwards",
    "better_than_guessing",
    "block",
    "count",
    "deep_loss",
    "depth_table",
    "first_gradient",
    "initial_loss",
    "last_losses",
    "lengths",
    "loss_slice",
    "new_digits",
    "over_depths",
    "paths",
    "plot_depth",
    "plot_gate",
    "plot_gradients",
    "plot_losses",
    "plot_slices",
    "plot_surgery",
    "readers",
    "reversed_order",
    "rewired",
    "some_digits",
    "some_gone",
    "stack",
    "swapped",
    "through",
    "trained",
    "untrained_loss",
    "without",
]
