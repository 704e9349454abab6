"""What lesson 01 asks before it shows anything."""

from course_lib.prediction import Choice, Number, Prediction

corners = Prediction(
    "single_layer/corners",
    "Five linear layers in a row, 16 numbers wide on the inside, trained on the coffee. "
    "How many corners does the resulting curve have?",
    Number(0, 64, integer=True, start=16),
    usual={
        "one at each joint": (
            4,
            "Five pieces of wood with four hinges could bend in four places. But layers are not laid end to end: each "
            "one works on the whole output of the one before.",
        ),
        "one for each layer": (
            5,
            "Each layer works on the whole output of the one before, and none of the five bends anything.",
        ),
        "one for each number inside": (
            64,
            "With ReLU in between (section 3) as many are possible, and more, because each layer folds the folds of "
            "the one before. But a weighted sum of straight lines is a straight line.",
        ),
        "one for each number of a layer": (
            16,
            "Sixteen straight lines, added up with weights, are one straight line.",
        ),
    },
    tolerance=1,
)

ending = Prediction(
    "single_layer/ending",
    "The coffee peaks at about 5 litres, and this net comes below an RMSE of 0.1. Now the same net, but its output "
    "goes through a sigmoid: which RMSE does it reach, at its best learning rate?",
    Number(0, 2.5, unit="litres", start=0.6),
    usual={
        "it learns the scale": (
            0.1,
            "What should it learn the scale with? The weights come before the sigmoid, and whatever they do, the "
            "sigmoid brings it back between 0 and 1.",
        ),
        "no worse than the mean": (
            1.24,
            "A net can usually fall back on saying the mean. This one cannot: the mean lies above 1.",
        ),
        "no worse than a line": (
            1.11,
            "The best line runs mostly above 1 litre, where this net cannot go.",
        ),
    },
    tolerance=0.2,
    reference=1.24,  # the mean
)

shifted = Prediction(
    "single_layer/shifted",
    "How does softmax([101, 102, 103]) compare with softmax([1, 2, 3])?",
    Choice("sharper", "the same", "flatter"),
    usual={
        "large numbers, large confidence": (
            "sharper",
            "Multiplying the logits would do that. Adding 100 multiplies every exponential by the same number, and the "
            "division takes it out again.",
        ),
        "one percent apart": (
            "flatter",
            "102 and 103 differ by only one percent, but softmax does not look at ratios of logits: it looks at "
            "differences, and these have stayed 1.",
        ),
    },
)

doubled = Prediction(
    "single_layer/doubled",
    "A net for ten digits ends in a softmax layer, and cross-entropy takes the softmax again. Guessing costs ln 10, "
    "about 2.3. What is the lowest loss this net could ever reach?",
    Number(0, 2.5, start=1.2),
    usual={
        "as low as any other net": (
            0,
            "The second softmax receives numbers between 0 and 1. From those it cannot make a probability near 1, so "
            "the loss cannot come near 0.",
        ),
        "guessing": (
            2.3,
            "It is not as bad as that: the right class still receives the largest share, and the net can learn.",
        ),
    },
    tolerance=0.4,
)
