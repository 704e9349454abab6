"""What lesson 04 asks before it shows anything."""

from course_lib.prediction import Number, Prediction

twice = Prediction(
    "backprop/twice",
    "y = a·b + a·a, with a = 3 and b = 4. How fast does y grow with a?",
    Number(0, 30, start=15),
    usual={
        "one use is lost": (
            7,
            "In a·a the value a is used twice, and it moves both factors. Counted once, that product gives 3.",
        ),
        "the last product only": (6, "a stands in the first product, too. What comes back from there adds on."),
        "the first product only": (4, "a stands in the second product, too, and there even twice."),
        "the value": (21, "That is y itself. The question is how much y changes when a does."),
    },
    tolerance=1,
)

step = Prediction(
    "backprop/step",
    "To check a slope you nudge x by h to both sides, and divide the change by 2h. "
    "In float64, with about 16 digits: which h comes nearest to the true slope?",
    Number(1e-15, 1, log=True, start=1e-3),
    usual={
        "as small as possible": (
            1e-15,
            "In mathematics, yes. But the computer keeps 16 digits, and the two values that you subtract agree in "
            "nearly all of them. What is left is rounding.",
        ),
        "a thousandth": (
            1e-3,
            "There the bend between the two places costs little, but still more than rounding does. A smaller step is "
            "better.",
        ),
        "the root of the precision": (
            1.5e-8,
            "That is the right answer for a step to one side. With both sides the bend nearly cancels, so a larger "
            "step, with less rounding, wins.",
        ),
    },
    tolerance=2,
)

forgotten = Prediction(
    "backprop/forgotten",
    "A net gets 1,000 steps at the low rate 0.001 and then names about 7 in 10 new points of the spirals correctly. "
    "Now the same, but `zero_grad` is forgotten: the gradients of all steps pile up. What percentage does it name "
    "correctly?",
    Number(40, 100, unit="%", start=60),
    usual={
        "guessing": (
            50,
            "At a high rate that is what happens. This rate is so low that the pile is a help.",
        ),
        "no difference": (70, "Each step then uses the sum of all gradients so far, and that grows and grows."),
        "a little worse": (63, "The direction is out of date, that is true. But each step is also far longer."),
    },
    tolerance=15,
    reference=70,
)

cost = Prediction(
    "backprop/cost",
    "This net has about 34,000 weights. A backward pass finds a slope for each of them. "
    "How many forward passes does it cost?",
    Number(0.1, 1e5, log=True, start=100),
    usual={
        "one for each weight": (
            34_000,
            "That is what nudging would cost, weight by weight; to both sides, twice as much. Backpropagation uses "
            "each value that comes back for all the weights before it.",
        ),
        "the same as forward": (
            1,
            "Nearly. But going back, each layer has two products to make: one for its weights, one for the layer "
            "before.",
        ),
        "one for each layer": (9, "All layers together are gone through once, as in the forward pass."),
    },
    tolerance=0.6,
)
