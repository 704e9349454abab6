"""What lesson 08 asks before it shows anything."""

from course_lib.prediction import Marks, Number, Prediction

zeros = Prediction(
    "transfer_learning/zeros",
    "The net has seen printed letters and never a digit. Which share of the written zeros does it call a capital O?",
    Number(0, 1),
    usual={
        "it knows no zeros": (
            0.02,
            "It has 52 answers and must give one of them. To a zero one of them fits very well.",
        ),
        "half O, half o": (
            0.5,
            "Every letter fills the height of its picture, the small ones too, so the two differ in little. It prefers "
            "the capital one.",
        ),
        "printed is not written": (
            0.25,
            "The letters were bent, and shrunk as the digits were. At 8 × 8 pixels a written zero looks like an O.",
        ),
        "all of them": (
            1.0,
            "Nearly all of them are some o to it. But every letter fills the height of its picture here, so it cannot "
            "tell a small o from a capital one by its size.",
        ),
    },
    tolerance=0.4,
)

one_label = Prediction(
    "transfer_learning/one_label",
    "One label for each of the ten digits, ten in all. Which share of 400 new digits does each of the three read?",
    Marks("scratch", "frozen", "fine-tuned", lo=0, hi=1),
    usual={
        "ten labels are nothing": (
            (0.2, 0.2, 0.2),
            "They are little, but digits of one class look alike. Guessing is 0.1, and all three are far above.",
        ),
        "pretrained means solved": (
            (0.4, 0.95, 0.95),
            "What a body brings is a good way to compare pictures. One written 7 does not say how others write it.",
        ),
        "more weights overfit": (
            (0.5, 0.7, 0.2),
            "Fine-tuning could forget what it knows. In a few steps at a low rate it does not.",
        ),
    },
    tolerance=0.3,
)

same_net = Prediction(
    "transfer_learning/same_net",
    "No weight wants a gradient. In training mode, the net reads 100 batches of pale digits; no loss, no step. Which "
    "share of its answers to the 400 usual digits is still the same?",
    Number(0, 1),
    usual={
        "frozen is frozen": (
            1.0,
            "The weights are. Each batch norm also holds a running mean and variance, which every pass in training "
            "mode moves.",
        ),
        "a little": (
            0.85,
            "So it is after some batches of the usual digits. Pale ones have half the ink, and after a hundred batches "
            "the net takes that for the usual amount: a usual digit looks far too dark to it now.",
        ),
        "a mixture": (
            0.6,
            "Mean and variance would be a mixture after ten batches. After a hundred, nothing of the old ones is left.",
        ),
    },
    tolerance=0.35,
)

ahead = Prediction(
    "transfer_learning/ahead",
    "Five labels of each of ten letters. One body has seen these letters in its training, the other has not. By how "
    "much is the first one ahead, as a share of new letters read?",
    Number(0, 0.5),
    usual={
        "what it has not seen it cannot read": (
            0.4,
            "Letters share strokes, corners and loops. A body that knows 42 of them brings nearly as "
            "much to ten others as one that has seen them.",
        ),
        "a good deal": (
            0.2,
            "It would be if features were made for single letters. Most of them serve many.",
        ),
        "nothing": (
            0.0,
            "It is a little ahead. Some of what looks like transfer is memory of these very letters.",
        ),
    },
    tolerance=0.15,
)
