"""What lesson 03 asks before it shows anything."""

from course_lib.prediction import Choice, Marks, Number, Prediction

quiz = Prediction(
    "learning_rates/quiz",
    "Three nets, three learning rates, the same flowers. Which net has learned to tell the flowers apart?",
    Choice("A", "B", "C"),
    usual={
        "it nearly reaches the bottom": (
            "A",
            "The curve is low in its own picture, but that picture begins above 1. Read the axis before the shape.",
        ),
        "it falls so smoothly": (
            "B",
            "In 100 epochs it falls by a few thousandths at most. The axis is stretched until that looks like a slope.",
        ),
    },
)

limit = Prediction(
    "learning_rates/limit",
    "A bowl has the loss λθ²/2 with curvature λ = 4. You walk downhill with rate α. "
    "From which α on does each step take you farther away?",
    Number(0.02, 4, log=True),
    usual={
        "one over the curvature": (
            0.25,
            "1/λ is the rate that lands on the bottom in a single step. From there to the limit there is a factor 2.",
        ),
        "the curvature left out": (2, "2 would be the limit for λ = 1. This bowl is four times as curved."),
    },
    tolerance=0.3,
)

window = Prediction(
    "learning_rates/window",
    "64 rates from 0.00001 to 10, five seeds each, 100 epochs on the raw flowers. "
    "Which is the lowest, and which the highest rate that learns (median validation loss below 0.3)?",
    Marks("lowest", "highest", lo=1e-5, hi=10, log=True, ordered=True),
)

adam = Prediction(
    "learning_rates/adam",
    "You have just seen the best rate for plain SGD on the spirals. Where is the best rate for Adam?",
    Number(1e-4, 10, log=True),
    usual={
        "the same rate": (
            0.46,
            "Adam divides each step by the usual size of its gradient, so its rate is a step length in itself. "
            "A rate that suits SGD means another thing for Adam.",
        ),
        "the textbook rate": (
            0.001,
            "That is a good first try for large nets. This one is tiny and has 600 steps, so it can afford more.",
        ),
    },
    tolerance=1,
)
