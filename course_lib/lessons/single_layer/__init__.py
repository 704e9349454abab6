"""Lesson 01, single_layer: its explorers, predictions, exercises, figures, and the nets it trains."""

from course_lib.lessons.single_layer.exercises import collapse, cross_entropy, floor, linear, softmax
from course_lib.lessons.single_layer.explorers import Line, Nonlinearities, OutputLayer, Temperature
from course_lib.lessons.single_layer.figures import (
    plot_coffee,
    plot_ends,
    plot_kinds,
    plot_silent,
    plot_staircase,
    plot_surprise,
    plot_twice,
    plot_weights,
)
from course_lib.lessons.single_layer.nets import folded, lowest_rmse
from course_lib.lessons.single_layer.predictions import corners, doubled, ending, shifted

__all__ = [
    "Line",
    "Nonlinearities",
    "OutputLayer",
    "Temperature",
    "collapse",
    "corners",
    "cross_entropy",
    "doubled",
    "ending",
    "floor",
    "folded",
    "linear",
    "lowest_rmse",
    "plot_coffee",
    "plot_ends",
    "plot_kinds",
    "plot_silent",
    "plot_staircase",
    "plot_surprise",
    "plot_twice",
    "plot_weights",
    "shifted",
    "softmax",
]
