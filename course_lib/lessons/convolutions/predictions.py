"""What lesson 06 asks before it shows anything."""

from course_lib.prediction import Choice, Marks, Number, Prediction

places = Prediction(
    "convolutions/places",
    "A picture of 28 × 28 pixels, a window of 5 × 5 that moves on one pixel at a time and stays inside. "
    "How many places are there from left to right?",
    Number(4, 32, integer=True, start=16),
    usual={
        "what the window takes away": (
            23,
            "28 − 5 are the moves. The place where it begins counts, too.",
        ),
        "one for each pixel": (
            28,
            "At the right edge the window would hang over. It can start at a pixel only where four more follow.",
        ),
        "side by side": (
            6,
            "The places overlap: the window moves on by one pixel, not by its own width.",
        ),
    },
    tolerance=1.5,  # a count: one off is not close
)

BOTH, RAW, LARGE, NEITHER = "for both", "only for the small digits", "only for the enlarged ones", "for neither"
found = Prediction(
    "convolutions/found",
    "For which pictures does gradient descent end at the very kernel that made the target?",
    Choice(BOTH, RAW, LARGE, NEITHER),
    usual={
        "a small loss means the right weights": (
            BOTH,
            "The loss becomes small for both. It asks whether the pictures agree, not whether the kernels do.",
        ),
        "more pixels are more data": (
            LARGE,
            "There are more pixels, but they say less: next to each pixel stands nearly the same one again.",
        ),
        "steps that never arrive": (
            NEITHER,
            "With nine weights, one valley and a good rate, 300 steps do arrive where the picture tells them enough.",
        ),
    },
)

work = Prediction(
    "convolutions/work",
    "The convolution has 520 parameters, the dense layer 23,550. For one picture, how many times as many "
    "multiplications does the convolution do (below 1: fewer)?",
    Number(0.01, 100, log=True),
    usual={
        "as few as it has parameters": (
            0.022,
            "Each weight of the dense layer is used once for a picture. Those of the window are used at every place.",
        ),
        "about the same": (
            1.0,
            "They differ by a factor of more than ten: 20 maps have 11,520 units, and the dense layer has 30.",
        ),
    },
    tolerance=1,
)

moved = Prediction(
    "convolutions/moved",
    "All three nets read about 95 % of new digits in the middle of the canvas. Every digit moves one pixel to the "
    "right. Which share does each net read now?",
    Marks("dense", "conv + flatten", "conv + global max", lo=0, hi=1),
    usual={
        "one pixel is nothing": (
            (0.95, 0.95, 0.95),
            "For you it is nothing. A net that has a weight for each place has seen ink in the old places only.",
        ),
        "convolutions do not mind": (
            (0.45, 0.95, 0.95),
            "The maps of a convolution move along with the digit. Whether the answer stays depends on what comes after "
            "them.",
        ),
    },
    tolerance=0.3,
)
