"""What lesson 07 asks before it shows anything."""

from course_lib.prediction import Number, Prediction

deep_loss = Prediction(
    "skip_connections/deep_loss",
    "64 plain layers, He's initial weights, healthy gradients, the best of two rates. Eight layers end at a training "
    "loss of about 0.1; guessing is 2.3. Where do 64 layers end, on the digits they are trained on?",
    Number(1e-3, 10, log=True),
    usual={
        "deeper fits better": (
            0.005,
            "It could: 64 layers can represent all that eight can, if the others hand through what they get. In ten "
            "epochs that is not found.",
        ),
        "about the same": (
            0.1,
            "That would be so if the additional layers did no harm. They do.",
        ),
    },
    tolerance=1,
)

initial_loss = Prediction(
    "skip_connections/initial_loss",
    "150 layers with skips, He's initial weights, nothing that normalises. What is the loss before the first step?",
    Number(1, 1e20, log=True),
    usual={
        "that of guessing": (
            2.3,
            "So it is for a net whose signals keep their size. Here each block adds its branch to what comes in, and "
            "nothing makes the sum smaller again.",
        ),
        "doubling": (
            1e20,
            "A branch about as large as x makes the sum larger by the root of 2, not by 2: sizes of unrelated vectors "
            "add like the sides of a right triangle.",
        ),
        "a hundred times that of guessing": (
            250,
            "For 32 layers that is about right. Each block multiplies, so each further layer adds to the power of ten.",
        ),
    },
    tolerance=8,
)

backwards = Prediction(
    "skip_connections/backwards",
    "All eight blocks of the residual net in reverse order, the last first, nothing trained again. Which share of the "
    "400 new digits does it read?",
    Number(0, 1),
    usual={
        "nothing but guessing": (
            0.1,
            "That is the plain net. There each block understands only what the block below it says. In a residual net "
            "all blocks read from one stream and add to it.",
        ),
        "half": (
            0.5,
            "The order matters less than that: most of what a block adds does not depend on the other blocks.",
        ),
    },
    tolerance=0.4,
)
