"""What lesson 02 asks before it shows anything."""

from course_lib.prediction import Choice, Number, Prediction

halved = Prediction(
    "bumps_from_sigmoids/halved",
    "1, 2, 4, 8, 16, 32 or 64 equal bumps, side by side from 8:00 to 18:00. "
    "From which number on is their RMSE below half of the mean's?",
    Number(1, 64, log=True, integer=True),
    usual={
        "twice the bumps, half the error": (
            2,
            "Two bumps are five hours wide each. They can say “more in the morning”, and no more than that.",
        ),
        "one bump for each break": (
            5,
            "There are five breaks, but equal bumps do not stand where the breaks are. Each covers some of a break "
            "and some of a talk.",
        ),
    },
    tolerance=0.61,  # one doubling away is close
)

STRAIGHT, LEVEL, HILLS, PEAKS = "a straight line", "a level line: the mean", "a soft hill or two", "all five peaks"

drawn = Prediction(
    "bumps_from_sigmoids/drawn",
    "32 sigmoid units, random weights at the start, 3,000 training steps on the coffee. What does the net draw then?",
    Choice(PEAKS, HILLS, STRAIGHT, LEVEL),
    usual={
        "it can, so it will": (
            PEAKS,
            "The weights for five peaks exist: you have built such a net. Nothing guarantees that training finds "
            "them, and this one does not.",
        ),
        "the large things first": (
            HILLS,
            "A good guess for a longer training. After these steps even the hills are missing.",
        ),
    },
)

RISES, STAYS, FALLS = "it is higher", "it is about the same", "it is lower"

handover = Prediction(
    "bumps_from_sigmoids/handover",
    "The net of 16 bumps is handed to SGD: 1,000 steps at rate 0.1. How does its RMSE compare with the start?",
    Choice(FALLS, STAYS, RISES),
    usual={
        "training can only improve": (
            FALLS,
            "Each step goes downhill by the slope where the net stands. A step that is too long lands on the other "
            "side, higher up.",
        ),
        "it is already good": (
            STAYS,
            "The bumps are good, not the best. The slope is not zero, and the steps are long.",
        ),
    },
)

one_layer = Prediction(
    "bumps_from_sigmoids/one_layer",
    "At the common rate, the net with a single layer was hardly better than a coin, which gets 0.5. "
    "Now it gets the best of six rates. Which share of new points does it get right, median of ten new seeds?",
    Number(0.4, 1),
    usual={
        "one layer is not enough": (
            0.6,
            "Do not blame the layer yet: the rate that suited three layers was too low for one.",
        ),
    },
    tolerance=0.25,
)
