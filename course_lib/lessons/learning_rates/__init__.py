"""Lesson 03, learning_rates: its explorers, predictions, exercises, figures and measures."""

from course_lib.callbacks import cosine
from course_lib.lessons.learning_rates.exercises import limit_rate, report, standardise, step, steps
from course_lib.lessons.learning_rates.explorers import Bowl, Hiker, Rate, Valley, walk
from course_lib.lessons.learning_rates.figures import (
    best_rates,
    plot_band,
    plot_limit,
    plot_noise,
    plot_optimisers,
    plot_overfit,
    plot_product,
    plot_quiz,
    plot_quiz_together,
    plot_two_sweeps,
    run_quiz,
)
from course_lib.lessons.learning_rates.measures import dead_shares, gradient_noise, largest_curvature
from course_lib.lessons.learning_rates.predictions import adam, limit, quiz, window

__all__ = [
    "Bowl",
    "Hiker",
    "Rate",
    "Valley",
    "adam",
    "best_rates",
    "cosine",
    "dead_shares",
    "gradient_noise",
    "largest_curvature",
    "limit",
    "limit_rate",
    "plot_band",
    "plot_limit",
    "plot_noise",
    "plot_optimisers",
    "plot_overfit",
    "plot_product",
    "plot_quiz",
    "plot_quiz_together",
    "plot_two_sweeps",
    "quiz",
    "report",
    "run_quiz",
    "standardise",
    "step",
    "steps",
    "walk",
    "window",
]
