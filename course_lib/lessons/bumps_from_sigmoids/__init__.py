"""Lesson 02, bumps_from_sigmoids: its explorers, predictions, exercises, figures and hand-made nets."""

from course_lib.lessons.bumps_from_sigmoids.exercises import bump, fold, place, size, units
from course_lib.lessons.bumps_from_sigmoids.explorers import Fold, OneSigmoid, TwoSigmoids
from course_lib.lessons.bumps_from_sigmoids.figures import (
    lowest_median,
    on_their_way,
    plot_coffee,
    plot_depths,
    plot_drawn,
    plot_errors,
    plot_outside,
    plot_rates,
    plot_rises,
    plot_untrained_units,
)
from course_lib.lessons.bumps_from_sigmoids.game import BuiltVsLearned, BumpGame, built_net, train_built
from course_lib.lessons.bumps_from_sigmoids.nets import (
    best_pieces,
    bump_net,
    coffee_between,
    equal_pieces,
    fold_net,
    looks_like,
    rmse,
    widest,
)
from course_lib.lessons.bumps_from_sigmoids.predictions import drawn, halved, handover, one_layer

__all__ = [
    "BuiltVsLearned",
    "BumpGame",
    "Fold",
    "OneSigmoid",
    "TwoSigmoids",
    "best_pieces",
    "built_net",
    "bump",
    "bump_net",
    "coffee_between",
    "drawn",
    "equal_pieces",
    "fold",
    "fold_net",
    "halved",
    "handover",
    "looks_like",
    "lowest_median",
    "one_layer",
    "place",
    "plot_coffee",
    "plot_depths",
    "plot_drawn",
    "plot_errors",
    "plot_outside",
    "plot_rates",
    "plot_rises",
    "plot_untrained_units",
    "on_their_way",
    "rmse",
    "size",
    "train_built",
    "units",
    "widest",
]
