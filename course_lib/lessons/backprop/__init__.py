"""Lesson 04, backprop: its engine, explorers, predictions, exercises, figures and measures."""

from course_lib.lessons.backprop.by_hand import NAMES, initial_weights, loss_by_hand, slipped
from course_lib.lessons.backprop.engine import Value
from course_lib.lessons.backprop.exercises import backward, joined, layer, logits, net
from course_lib.lessons.backprop.explorers import Graph, Kept, Nudge
from course_lib.lessons.backprop.figures import plot_errors, plot_forgotten, plot_going_on
from course_lib.lessons.backprop.graphs import plot_graph
from course_lib.lessons.backprop.measures import kept_for_backward, multiplications, nudge_errors
from course_lib.lessons.backprop.predictions import cost, forgotten, step, twice
from course_lib.lessons.backprop.trained import Forget, Mistakes

__all__ = [
    "NAMES",
    "Forget",
    "Graph",
    "Kept",
    "Mistakes",
    "Nudge",
    "Value",
    "backward",
    "cost",
    "forgotten",
    "initial_weights",
    "joined",
    "kept_for_backward",
    "layer",
    "logits",
    "loss_by_hand",
    "multiplications",
    "net",
    "nudge_errors",
    "plot_errors",
    "plot_forgotten",
    "plot_going_on",
    "plot_graph",
    "slipped",
    "step",
    "twice",
]
