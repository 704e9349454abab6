"""The six kinds of control an explorer may have: Slider, Number, Choice; and boards: Switches, Grid, Rows.

A control knows its range, what a valid value is, and the ipywidgets that stand for it. All of them work by keyboard.
Whoever needs a seventh kind has probably two explorers in one.
"""

from course_lib.boards import Chosen, Grid, Rows, Switches
from course_lib.control import Control
from course_lib.single_controls import Choice, Number, Slider

__all__ = ["Choice", "Chosen", "Control", "Grid", "Number", "Rows", "Slider", "Switches"]
