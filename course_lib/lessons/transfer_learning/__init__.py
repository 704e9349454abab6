"""Lesson 08, transfer_learning: its explorers, predictions, exercises, figures, nets and measurements."""

from course_lib.datasets import new_digits
from course_lib.lessons.transfer_learning.exercises import count, features, moved, paired, prepare
from course_lib.lessons.transfer_learning.far import far_transfer
from course_lib.lessons.transfer_learning.few_labels import DRAWS, arm, best_rate, draw, table
from course_lib.lessons.transfer_learning.figures import (
    plot_arms,
    plot_called,
    plot_gaps,
    plot_kept,
    plot_leak,
    plot_letters,
)
from course_lib.lessons.transfer_learning.freezing import Drift, Freeze
from course_lib.lessons.transfer_learning.gpu import cpu_against_gpu
from course_lib.lessons.transfer_learning.labels import Labels, Neighbours
from course_lib.lessons.transfer_learning.nets import LEFT_OUT, letters_net, reader, with_new_head
from course_lib.lessons.transfer_learning.norms import after_reading, answers, frozen_letters_net, shown
from course_lib.lessons.transfer_learning.predictions import ahead, one_label, same_net, zeros
from course_lib.lessons.transfer_learning.unseen import OTHERS, called, leak, with_few

__all__ = [
    "DRAWS",
    "LEFT_OUT",
    "OTHERS",
    "Drift",
    "Freeze",
    "Labels",
    "Neighbours",
    "after_reading",
    "ahead",
    "answers",
    "arm",
    "best_rate",
    "called",
    "count",
    "cpu_against_gpu",
    "draw",
    "far_transfer",
    "features",
    "frozen_letters_net",
    "leak",
    "letters_net",
    "moved",
    "new_digits",
    "one_label",
    "paired",
    "plot_arms",
    "plot_called",
    "plot_gaps",
    "plot_kept",
    "plot_leak",
    "plot_letters",
    "prepare",
    "reader",
    "same_net",
    "shown",
    "table",
    "with_few",
    "with_new_head",
    "zeros",
]
