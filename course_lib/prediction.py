"""A question before the result: the learner commits, sees the own mark in the plot, and learns how close it was."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from course_lib import progress
from course_lib.answers import Choice, Kind, Marks, Number
from course_lib.marking import draw_answer
from course_lib.panel import Panel
from course_lib.show import says

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Choice", "Marks", "Number", "Prediction", "Verdict"]

CLOSE, RIGHT_DIRECTION, SURPRISED = "close", "right direction", "surprised"
FACTS = ("value", "late", "score", "word", "misconception")  # what is kept of an answer
SYMBOLS = {CLOSE: "●", RIGHT_DIRECTION: "◐", SURPRISED: "○", "": "·"}

_kept: dict[str, dict[str, Any]] = {}  # answers of this kernel, also where nothing is written to disk


@dataclass(frozen=True, repr=False)
class Verdict(Panel):
    """What a reveal says: a `Panel` with the numbers behind it.

    Attributes:
        score: 1 at the truth, 0 one tolerance away and beyond; None when unanswered.
        verdict: close, right direction, surprised; empty when unanswered.
        misconception: name of the usual wrong answer this one lies at, or "".
    """

    score: float | None = None
    verdict: str = ""
    misconception: str = ""


class Prediction:
    """A question whose answer is kept, drawn into the result and judged against it.

    Args:
        id: "lesson/name", equal to the module and the variable that hold it.
        question: what the learner is asked; `backticks` mark code.
        kind: a `Number`, `Choice` or `Marks`.
        usual: the usual wrong answers: name -> (answer, what is said to it).
        tolerance: how far from the truth the score reaches 0, in the units of the plot (decades on a log axis); a
            quarter of the axis if not given.
        reference: the naive anchor; an answer on the truth's side of it has the right direction.

    Raises:
        ValueError: when the id has another form, the tolerance is not positive, or a usual answer is no answer.
    """

    def __init__(
        self,
        id: str,
        question: str,
        kind: Kind,
        *,
        usual: dict[str, tuple[Any, str]] | None = None,
        tolerance: float | None = None,
        reference: float | None = None,
    ) -> None:
        if not re.fullmatch(r"\w+/\w+", id):
            raise ValueError(f"the id {id!r} is not of the form lesson/name")
        if tolerance is not None and not tolerance > 0:
            raise ValueError(f"tolerance={tolerance!r}: give a positive distance in the units of the plot")
        self.id, self.question, self.kind, self.reference = id, question, kind, reference
        self.usual = {name: (kind.parse(value), say) for name, (value, say) in (usual or {}).items()}
        self.tolerance = kind.tolerance() if tolerance is None else float(tolerance)
        self.revealed = False
        self._box = None

    @property
    def value(self) -> Any:
        """The answer kept under this id, in this kernel or an earlier one; None when there is none."""
        return self._record().get("value")

    @property
    def late(self) -> bool:
        """Whether the kept answer was given after the truth had been shown."""
        return bool(self._record().get("late"))

    def answer(self, value: Any) -> Panel:
        """Commit an answer from code; the button does the same.

        Raises:
            ValueError: names the value and what would be an answer.
        """
        value = self.kind.parse(value)
        late = self.revealed or "score" in self._record()
        self._keep({"value": value, **({"late": True} if late else {})})
        self._refresh_box()
        return Panel("✓", "Kept", (self.status(),), "good")

    def draw(self, ax: Axes, truth: Any = None, *, axis: str = "x") -> Axes:
        """Draw the learner's mark, if there is one, and the truth into a plot of the result.

        Args:
            ax: axes whose `axis` is the axis the question was about.
            truth: the true answer; None draws the learner's mark only and reveals nothing.
            axis: "x" or "y".

        Returns:
            ax.
        """
        if truth is not None:
            truth = self._show_truth(truth)
        draw_answer(ax, self.kind, self.value, truth, axis=axis)
        said = "" if self.value is None else f" You marked {self.kind.words(self.value)}."
        found = "" if truth is None else f" It came out at {self.kind.words(truth)}."
        figure = ax.get_figure(root=True)
        return says(ax, f"{figure.get_label()}{said}{found}") if figure.get_label() else ax

    def reveal(self, truth: Any) -> Verdict:
        """Judge the kept answer; neutral when there is none. The score rewards closeness and nothing else.

        Raises:
            ValueError: when truth is no possible outcome (NaN, an unknown option).
        """
        truth, value = self._show_truth(truth), self.value
        if value is None:
            ask = "No answer was kept. To compare one of your own, commit it above and run this cell again."
            return Verdict(SYMBOLS[""], f"The answer: {self.kind.words(truth)}", (ask,))
        score, word = self.judge(value, truth)
        name = self._misconception(value, truth)
        self._keep_score(value, score, word, name)
        said = [f"{self.kind.outcome(value, truth)} Score: {100 * score:.0f} %."]
        said += [f"A usual thought here: “{name}”. {self.usual[name][1]}"] if name else []
        said += ["This answer was given when the truth was already known."] if self.late else []
        tone = "good" if word == CLOSE else "ask"
        return Verdict(SYMBOLS[word], _sentence(word), tuple(said), tone, score, word, name)

    def judge(self, value: Any, truth: Any) -> tuple[float, str]:
        """Score and word of `value` where `truth` is right: close up to half the tolerance, right direction within it.

        Marks have the right direction only where those that lie clearly apart stand in the right order.
        """
        distances = [self.kind.distance(value, truth)]
        if isinstance(self.kind, Marks):  # each mark counts the same
            distances = [self.kind.axis.distance(a, b) for a, b in zip(value, truth, strict=True)]
        score = sum(max(0.0, 1 - each / self.tolerance) for each in distances) / len(distances)
        if score >= 0.5 - 1e-9:
            return score, CLOSE
        if isinstance(self.kind, Marks) and not self._right_order(value, truth):
            return score, SURPRISED
        return score, RIGHT_DIRECTION if score > 0 or self._same_side(value, truth) else SURPRISED

    def status(self) -> str:
        """The line under the question."""
        if self.value is None:
            return "Not answered yet. The notebook runs on without an answer."
        kept = f"Kept: {self.kind.words(self.value)}."
        if self.revealed or "score" in self._record():
            return f"{kept} The truth is already known; a new answer is kept as a second thought."
        return f"{kept} Run the next cells to compare it with a real run."

    def _show_truth(self, truth: Any) -> Any:
        truth = self.kind.truth(truth)
        if not self.revealed:
            self.revealed = True
            self._refresh_box()
        return truth

    def _refresh_box(self) -> None:
        if self._box is not None:
            self._box.refresh()

    def _same_side(self, value: Any, truth: Any) -> bool:
        if self.reference is None or not isinstance(self.kind, Number):
            return False
        return (value - self.reference) * (truth - self.reference) > 0

    def _right_order(self, value: Any, truth: Any) -> bool:
        """Whether every two marks that lie more than half of the tolerance apart in truth stand that way round."""
        place = self.kind.axis.place
        pairs = itertools.combinations([(place(a), place(b)) for a, b in zip(value, truth, strict=True)], 2)
        return all((a - c) * (b - d) > 0 for (a, b), (c, d) in pairs if abs(b - d) > self.tolerance / 2)

    def _misconception(self, value: Any, truth: Any) -> str:
        """The usual wrong answer nearest to this one, if it is near and nearer than the truth."""
        gaps = {name: self.kind.distance(value, wrong) for name, (wrong, _) in self.usual.items()}
        near = min(self.tolerance / 4, self.kind.distance(value, truth))
        gaps = {name: gap for name, gap in gaps.items() if gap < near}
        return min(gaps, key=gaps.get) if gaps else ""

    def _record(self) -> dict[str, Any]:
        """The kept event; looked up on disk once a kernel."""
        if self.id not in _kept:
            event = progress.read()[0].get(self.id, {})
            try:
                answer = {"value": self.kind.parse(event.get("value"))}
                _kept[self.id] = {**{key: event[key] for key in FACTS if key in event}, **answer}
            except ValueError:  # never answered, or from an older form of the question
                _kept[self.id] = {}
        return _kept[self.id]

    def _keep(self, answer: dict[str, Any]) -> None:
        _kept[self.id] = answer
        progress.record({"id": self.id, "kind": "prediction", **answer})

    def _keep_score(self, value: Any, score: float, word: str, name: str) -> None:
        judged = {**self._record(), "value": value, "score": round(score, 4), "word": word, "misconception": name}
        if judged != self._record():  # running the cell again is no new event
            self._keep(judged)

    def _panel(self) -> Panel:
        return Panel("?", "Your prediction", (self.question, f"Answer: {self.kind.range()}.", self.status()), "ask")

    def __repr__(self) -> str:
        return str(self._panel())

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        """The live question in a notebook, the still one in print and on pages."""
        from course_lib.question_box import QuestionBox

        if self._box is None:
            self._box = QuestionBox(self)
        return {**self._box.mimebundle(), **self._panel()._repr_mimebundle_()}


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
