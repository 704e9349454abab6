"""What lesson 00 asks before it shows anything."""

from course_lib.prediction import Choice, Number, Prediction

read = Prediction(
    "start_here/read",
    "A small net looks 20 times at 1,397 handwritten digits; that takes a second or two. "
    "Then it is shown 200 others. How many of the 200 does it read correctly?",
    Number(0, 200, integer=True, unit="digits"),
    usual={
        "it can only guess": (
            20,
            "Ten digits, so blind guessing gets a tenth of them. What the net saw in that time is worth far more.",
        ),
        "half of them": (100, "Half is a fair guess for a second or two of work. Reading at this size is easier."),
        "all of them": (
            200,
            "A machine that is right every time is a rare thing. Some of these digits are hard for people, too.",
        ),
    },
    tolerance=20,
)

memory = Prediction(
    "start_here/memory",
    "One cell says `x = 1`, the cell below it says `x = x + 1`. You run the first one once, and the second one twice. "
    "What is `x` now?",
    Choice("1", "2", "3", "an error"),
    usual={
        "the cell above still holds": (
            "1",
            "What counts is what was run, not what stands on the page. The second cell put another number into x.",
        ),
        "every run begins anew": (
            "2",
            "Each run goes on from what the last one left. The second time, x is 2 already.",
        ),
        "not twice": (
            "an error",
            "A cell may be run as often as you like. Here an error would come only if `x` did not exist yet.",
        ),
    },
)

shape = Prediction(
    "start_here/shape",
    "`row` has the shape (3,): three numbers. `column` has the shape (3, 1): three rows of one number. "
    "Which shape does `row + column` have?",
    Choice("(3,)", "(3, 1)", "(3, 3)", "an error"),
    usual={
        "three and three": ("(3,)", "So it would be for two tensors of shape (3,). The 1 in (3, 1) changes it."),
        "the larger shape wins": ("(3, 1)", "The row would have to stand up for that. Nothing turns it round."),
        "shapes must agree": (
            "an error",
            "Many languages would stop here, and you would be grateful. PyTorch stretches both instead.",
        ),
    },
)
