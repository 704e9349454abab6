"""What lesson 05 asks before it shows anything."""

import math

from course_lib.prediction import Choice, Marks, Number, Prediction

unit_spread = Prediction(
    "vanishing_gradients/unit_spread",
    "Take the units of layer 10 one by one. How much does the output of one of them vary from digit to digit "
    "(standard deviation, mean over the units)?",
    Number(1e-9, 1, log=True),
    usual={
        "as much as everything together": (
            0.12,
            "The spread over everything compares units with each other, too. Units that differ from each other need "
            "not differ from digit to digit.",
        ),
        "a little less in each layer": (
            0.01,
            "Each layer takes away about three quarters, not a fifth. Ten times in a row, that leaves a millionth.",
        ),
    },
    tolerance=3,  # decades; one and a half away is close
)

gains = Prediction(
    "vanishing_gradients/gains",
    "Fifty layers. At which gain does the gradient keep its size on the way back, for each nonlinearity?",
    Marks("linear", "tanh", "ReLU", lo=0.5, hi=3),
    usual={
        "one suits all": (
            (1, 1, 1),
            "Gain 1 keeps the size through a linear layer. A nonlinearity takes something away: ReLU shuts half of the "
            "units, and most tanh units here have a slope a little below 1. "
            "Over fifty layers the weights have to make up for it.",
        ),
        "half is lost, so twice the weights": (
            (1, 1.1, 2),
            "Half of the units let the gradient through, that is half of the sum of squares. A length is the root of "
            "that sum.",
        ),
    },
    tolerance=0.25,
)

NONE = "none up to 6"

sigmoid = Prediction(
    "vanishing_gradients/sigmoid",
    "And for the sigmoid: which gain up to 6 keeps the gradient's size?",
    Choice("about 1", "about 2", "about 4", NONE),
    usual={
        "the same as for a linear layer": (
            "about 1",
            "At gain 1 the slopes are near their best, and their best is a quarter.",
        ),
        "a quarter times four is one": (
            "about 4",
            "True while all units stay in the middle. Weights four times as large push them towards the ends, where "
            "the slope is far below a quarter.",
        ),
    },
)


def nearest_option(crossing: float) -> str:
    """The option of the question above that a measured crossing stands for; nan is none."""
    if math.isnan(crossing) or crossing > 6:
        return NONE
    return min(("about 1", "about 2", "about 4"), key=lambda option: abs(int(option[-1]) - crossing))


order = Prediction(
    "vanishing_gradients/order",
    "The same 400 digits, the same net, in training mode, again in batches of 32, but now sorted by class. "
    "Which share does it read correctly?",
    Number(0, 1),
    usual={
        "the order cannot matter": (
            0.93,
            "In evaluation mode it does not. In training mode each picture is measured against the others in its "
            "batch, and these are now of its own kind.",
        ),
        "nothing but guessing": (
            0.1,
            "Nearly. A batch of 32 still mixes the end of one class with the beginning of the next.",
        ),
    },
    tolerance=0.3,
)
