"""Lesson 04: its engine and its gradients by hand are PyTorch's, every mistake is named, its claims can be false."""

import gc
import inspect
import math
import weakref

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

import course_lib as course
from course_lib.claim import claim
from course_lib.exercise import Exercise
from course_lib.feedback import judge
from course_lib.lessons import backprop as lesson
from course_lib.lessons.backprop.by_hand import SLIPS, loss_by_hand, slipped, usual_slips
from course_lib.lessons.backprop.engine import Value
from course_lib.lessons.backprop.exercises import DIAMOND, SHAPES, net_case, net_solution, random_tape
from course_lib.lessons.backprop.explorers import one_unit, shortcut
from course_lib.lessons.backprop.graphs import FINAL, PARTIAL, UNTOUCHED, graph
from course_lib.lessons.backprop.measures import angles, nudged, random_function, train_by_hand
from tests.lessons.cells import code_cells

NAME = "04_backprop"
SPIRALS = course.load("spirals")


def cell(id: str) -> str:
    (found,) = [each.source for each in code_cells(NAME) if each.id == id]
    return found


def run(source: str, names: dict) -> dict:
    exec(source, names)
    return names


# ----------------------------------------------------------------------------------------------------------- the engine
def notebook_engine():
    """`Value` as the notebook holds it."""
    return run(cell("engine"), {"math": math})["Value"]


def test_engine_of_the_notebook_is_that_of_the_explorer():
    names = run(cell("engine"), {"math": math})
    squeezed = "".join(cell("engine").split())
    for name in ("Value", "as_value"):
        source = inspect.getsource(getattr(inspect.getmodule(Value), name))
        assert "".join(source.split()) in squeezed and name in names
    assert sum(bool(line.strip()) for line in cell("engine").splitlines()) <= 45


def formulas(leaves: int):
    """Random expressions as nested tuples over the inputs 0 to leaves - 1; the same input may occur many times."""
    leaf = st.integers(0, leaves - 1)
    two = st.sampled_from(["+", "-", "*"])
    one = st.sampled_from(["tanh", "relu", "power 2", "power 3", "twice"])
    return st.recursive(leaf, lambda x: st.tuples(two, x, x) | st.tuples(one, x), max_leaves=12)


def computed(formula, inputs):
    """The value of a formula on any numbers that know +, -, *, **, tanh and relu."""
    if isinstance(formula, int):
        return inputs[formula]
    name, *parts = formula
    parts = [computed(part, inputs) for part in parts]
    if name == "twice":
        return parts[0] * parts[0] + parts[0]  # a value that is used three times
    if name.startswith("power"):
        return parts[0] ** int(name[-1])
    if len(parts) == 1:  # a small argument, so that powers do not overflow
        return getattr((parts[0] * 0.3).tanh(), name)()
    return {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b}[name](*parts)


@settings(max_examples=300, deadline=None)
@given(formulas(3), st.lists(st.floats(-1.5, 1.5), min_size=3, max_size=3))
def test_engine_equals_torch_on_random_formulas(formula, numbers):
    kind = notebook_engine()
    ours = [kind(number) for number in numbers]
    theirs = [torch.tensor(number, dtype=torch.float64, requires_grad=True) for number in numbers]
    end, truth = computed(formula, ours), computed(formula, theirs)
    end.backward(), truth.backward()
    assert end.data == pytest.approx(truth.item(), rel=1e-9, abs=1e-12)
    for one, other in zip(ours, theirs, strict=True):
        assert one.grad == pytest.approx(0.0 if other.grad is None else other.grad.item(), rel=1e-8, abs=1e-9)


def test_engine_accumulates_in_its_inputs_as_torch_does():
    ours, theirs = Value(3.0), torch.tensor(3.0, requires_grad=True)
    for knob in (ours, theirs):
        end = knob * knob * knob
        for _ in range(2):
            end.backward(retain_graph=True) if knob is theirs else end.backward()
    assert ours.grad == theirs.grad.item() == 54


@pytest.mark.parametrize("seed", range(3))
def test_engine_learns_which_switch_is_on_and_an_untrained_net_does_not(seed, monkeypatch):
    monkeypatch.setenv("COURSE_SEED_SHIFT", str(seed))
    names = run(cell("engine"), {"math": math, "course": course, "torch": torch, "claim": claim})
    source = cell("engine-train")
    run(source, names)
    off = max(abs(a - wanted) for a, (_, _, wanted) in zip(names["answers"], names["switches"], strict=True))
    claim("error", off, below=0.4)
    run(source.replace("range(800)", "range(0)"), names)
    off = max(abs(a - wanted) for a, (_, _, wanted) in zip(names["answers"], names["switches"], strict=True))
    with pytest.raises(AssertionError, match="is not below"):
        claim("error", off, below=0.4)


# ------------------------------------------------------------------------------------------------------------ the graph
@pytest.mark.parametrize("make", [one_unit, shortcut])
@pytest.mark.parametrize("w", [-2.0, 0.3, 1.7])
def test_graph_fills_in_from_the_loss_back_and_ends_at_the_true_slopes(make, w):
    end = make(w)
    history = end.history()
    known = [sum(node.state == FINAL for node in graph(end, steps)) for steps in range(len(history) + 1)]
    assert known[0] == 0 and known[1] == 1 and known[-1] == len(history) and known == sorted(known)
    assert all(value.grad == 0 for value in history)  # drawing does not touch the engine's own
    end.backward()
    assert [node.grad for node in graph(end)] == pytest.approx([value.grad for value in history])
    ours = next(value for value in history if value.name == "w")
    theirs = torch.tensor(w, dtype=torch.float64, requires_grad=True)
    unit = (theirs * 1.5).tanh()
    ((unit + 0.9) ** 2 if make is one_unit else (unit + theirs * 1.5) ** 2).backward()
    assert ours.grad == pytest.approx(theirs.grad.item())


def test_a_value_used_twice_waits_for_its_second_share():
    end = shortcut(2.0)
    states = [[node.state for node in graph(end, steps) if node.name == "product"] for steps in range(7)]
    flat = [state for (state,) in states]
    assert flat[:3] == [UNTOUCHED] * 3 and PARTIAL in flat and flat[-1] == FINAL


def test_boxes_of_a_graph_do_not_lie_on_each_other():
    a, b = Value(0.7, name="a"), Value(-1.2, name="b")
    for end in (one_unit(1.0), shortcut(1.0), (a * b + a).tanh() * b, a * a + b):
        places = [(round(node.column, 3), round(node.row, 3)) for node in graph(end)]
        assert len(set(places)) == len(places)
        nodes = graph(end)
        assert all(nodes[one].column < node.column for node in nodes for one, _slope in node.slopes)


def test_graph_explorer_reaches_its_goal_where_the_unit_is_saturated():
    explorer = lesson.Graph()
    assert not explorer.goal(explorer.result)[0]
    assert not explorer.goal(explorer.set(w=3.0, steps=1).result)[0]
    assert explorer.goal(explorer.set(w=3.0, steps=7).result)[0]
    assert not explorer.goal(explorer.set(w=0.5, steps=7).result)[0]
    assert not any(
        explorer.goal(explorer.set(net="with a shortcut", w=w / 10, steps=7).result)[0] for w in range(-30, 31)
    )


# --------------------------------------------------------------------------------------------- gradients by hand: right
@settings(max_examples=60, deadline=None)
@given(*(st.integers(1, 7) for _ in range(5)), st.integers(0, 1000))
def test_gradients_by_hand_are_those_of_autograd_for_every_shape(b, d, h1, h2, k, seed):
    case = [each.double() if each.is_floating_point() else each for each in net_case(seed, b, (d, h1, h2, k))]
    weights = [each.clone().requires_grad_() for each in case[2:]]
    truth = torch.autograd.grad(loss_by_hand(*case[:2], *weights), weights)
    for by_hand in (net_solution, slipped()):
        for one, other in zip(by_hand(*case), truth, strict=True):
            torch.testing.assert_close(one, other)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_no_case_has_a_dead_or_fully_awake_layer(shape):
    """Else a forgotten mask would not show."""
    for seed in range(3):
        x, _y, W1, b1, *_ = net_case(seed, *shape)
        awake = (x @ W1.T + b1 > 0).double().mean()
        assert 0 < awake < 1


# ----------------------------------------------------------------------- gradients by hand: every mistake x every shape
RAISES = {name for name in usual_slips() if name.startswith(("W turned", "slope of the other layer"))}
HIDDEN = {
    "a single row": {"1/B missing", "1/B twice"} | {name for name in usual_slips() if name.startswith("bias averaged")},
    "a full batch": {"1/8 for 1/B"},
}


def on_one_shape(shape: str) -> Exercise:
    """The exercise with nets of one shape only: what a learner hears who tests on nothing else."""
    cases = [net_case(seed, *SHAPES[shape]) for seed in range(3)]
    kept = {"oracle": lesson.net.oracle, "solution": lesson.net.right, "returns": lesson.NAMES, "atol": 1e-5}
    words = {"question": "All six?", "hints": ("a", "b", "c"), "why": "It works."}
    return Exercise("backprop/net", cases=cases, wrong=lesson.net.wrong, **kept, **words)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_mistake_is_named_on_every_shape_where_it_shows(shape):
    """Named alone; or right on this shape, and then the table says so; or refused by PyTorch, which shows the sizes."""
    exercise, confused = on_one_shape(shape), {}
    for name, (function, words) in exercise.wrong.items():
        outcome = judge(exercise, function)
        if name in HIDDEN.get(shape, ()):
            assert outcome.kind == "correct", name
        elif name in RAISES and shape != "square layers":
            assert outcome.kind == "error" and "RuntimeError" in outcome.message, name
        else:
            confused[name] = outcome.misconceptions
            assert outcome.misconceptions == (name,) and words in outcome.message, (name, outcome.misconceptions)
    assert len(confused) >= len(exercise.wrong) - 12


@pytest.mark.parametrize("name", lesson.net.wrong)
def test_on_all_shapes_together_every_mistake_is_named_by_its_own_words(name):
    function, words = lesson.net.wrong[name]
    outcome = judge(lesson.net, function)
    assert outcome.misconceptions == (name,) and words in outcome.message
    assert not any(other in outcome.message for each, (_, other) in lesson.net.wrong.items() if each != name)


def test_two_mistakes_with_the_same_numbers_are_both_named():
    """With one row, its mean and the row itself are the same."""
    row = Exercise(
        "backprop/bias",
        question="The bias?",
        cases=[(torch.ones(1, 3),)],
        oracle=lambda dz: dz.sum(0) * 2,
        solution=lambda dz: 2 * dz.sum(0),
        hints=("a", "b", "c"),
        why="It adds up.",
        wrong={"averaged": (lambda dz: dz.mean(0), "You average."), "first row": (lambda dz: dz[0], "One row only.")},
    )
    outcome = judge(row, lambda dz: dz.mean(0))
    assert outcome.misconceptions == ("averaged", "first row")
    assert "You average." in outcome.message and "One row only." in outcome.message


def test_half_an_answer_is_checked_number_by_number():
    def begun(x, y, W1, b1, W2, b2, W3, b3):
        h2 = ((x @ W1.T + b1).relu() @ W2.T + b2).sigmoid()
        dz3 = ((h2 @ W3.T + b3).softmax(1) - F.one_hot(y, len(b3))) / len(y)
        return ..., ..., ..., ..., dz3.T @ h2, dz3.mean(0)

    outcome = judge(lesson.net, begun)
    assert outcome.kind == "not yet" and "Right so far: dW3." in outcome.message
    assert "db3: " in outcome.message and "averaged" in outcome.message
    assert "still stands for dW1, db1, dW2, db2" in outcome.message


def test_two_different_slips_are_found_in_their_places():
    def two(*case):
        right, turned, averaged = slipped()(*case), slipped("turned")(*case), slipped("bias averaged")(*case)
        return turned[0], right[1], right[2], averaged[3], right[4], right[5]

    def learner(x, y, W1, b1, W2, b2, W3, b3):
        return two(x, y, W1, b1, W2, b2, W3, b3)

    outcome = judge(lesson.net, learner)
    assert outcome.kind == "not yet" and len(outcome.misconceptions) == 2
    assert "dW1: " in outcome.message and "db2: " in outcome.message and "Right: db1, dW2, dW3, db3." in outcome.message


# ------------------------------------------------------------------------------------------------- the backward pass
TAPES = {
    "a chain": ([(1, [(0, 2.0)]), (2, [(1, 3.0)])], 3),
    "a square": ([(1, [(0, 3.0), (0, 3.0)])], 2),
    "the diamond": DIAMOND,
    "random": random_tape(3),
    "two inputs": random_tape(4, inputs=2, made=4),
}
SAME_AS_RIGHT = {  # on a chain there is no order to forget, and nothing to overwrite
    "a chain": {"overwritten", "passed on too early", "passed on again and again"},
    "a square": {"from the front", "passed on too early", "passed on again and again", "only the last link"},
}


@pytest.mark.parametrize("tape", TAPES)
def test_every_mistake_on_the_way_back_is_named_where_it_shows(tape):
    words = {"question": "Which slopes?", "hints": ("a", "b", "c"), "why": "It works."}
    functions = {"oracle": lesson.backward.oracle, "solution": lesson.backward.right, "wrong": lesson.backward.wrong}
    exercise = Exercise("backprop/backward", cases=[TAPES[tape]], **functions, **words)
    right = exercise.right(*TAPES[tape])
    for name, (function, words) in exercise.wrong.items():
        outcome, found = judge(exercise, function), function(*TAPES[tape])
        if name in SAME_AS_RIGHT.get(tape, ()):
            assert outcome.kind == "correct", name
            continue
        twins = {other for other, (f, _) in exercise.wrong.items() if torch.allclose(f(*TAPES[tape]), found)}
        assert not torch.allclose(found, right) and set(outcome.misconceptions) == twins, name
        assert words in outcome.message


def test_the_way_back_is_that_of_the_engine():
    a = [Value(0.5), Value(-1.5)]
    end = (a[0] * a[1] + a[0]).tanh() * a[1]
    history = end.history()[::-1]
    number = {value: k for k, value in enumerate(history)}
    tape = [(number[v], [(number[i], s) for i, s in zip(v.inputs, v.slopes, strict=True)]) for v in history if v.inputs]
    end.backward()
    found = lesson.backward.right(tape, len(history))
    assert found.tolist() == pytest.approx([value.grad for value in history], rel=1e-5)


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        (lesson.layer, lambda h, W, dz: (dz.matmul(W), torch.einsum("bo,bi->oi", dz, h), torch.einsum("bo->o", dz))),
        (lesson.logits, lambda z, y: (z.softmax(1) - F.one_hot(y, z.shape[1])) / len(y)),
        (lesson.joined, lambda g1, n1, g2, n2: g1 * (n1 / (n1 + n2)) + g2 * (n2 / (n1 + n2))),
        (lesson.backward, lambda tape, n: lesson.backward.oracle(tape, n)),
        (lesson.net, lambda *case: lesson.net.oracle(*case)),
    ],
)
def test_the_other_way_is_right(exercise, answer):
    names = ", ".join(exercise.parameters)
    scope = {"answer": answer}
    exec(f"def learner({names}): return answer({names})", scope)
    assert judge(exercise, scope["learner"]).kind == "correct"


# -------------------------------------------------------------------------------------------------------------- nudging
STEPS = torch.logspace(-15, 0, 61, dtype=torch.float64)


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
@pytest.mark.parametrize("seed", range(20))
def test_best_nudge_is_near_the_cube_root_of_epsilon(kind, seed):
    best = STEPS[lesson.nudge_errors(seed, STEPS, kind).argmin()].item()
    claim("best nudge over cube root", best / torch.finfo(kind).eps ** (1 / 3), between=(0.1, 10))


def test_best_nudge_to_one_side_is_not_near_the_cube_root():
    eps = torch.finfo(torch.float64).eps
    for seed in range(5):
        best = STEPS[lesson.nudge_errors(seed, STEPS, torch.float64, both_sides=False).argmin()].item()
        assert 0.05 < best / eps**0.5 < 20
        with pytest.raises(AssertionError, match="is not between"):
            claim("best nudge over cube root", best / eps ** (1 / 3), between=(0.1, 10))


def test_slope_of_a_random_function_is_the_one_autograd_finds():
    f, slope = random_function(7)
    x = torch.linspace(-2, 2, 50, dtype=torch.float64, requires_grad=True)
    f(x).sum().backward()
    torch.testing.assert_close(slope(x.detach()), x.grad)
    torch.testing.assert_close(nudged(f, x.detach(), 1e-5), x.grad, rtol=1e-8, atol=1e-8)


def test_the_referee_finds_a_wrong_gradient():
    names = {"torch": torch, "course": course, "lesson": lesson, "digits": course.load("digits")}
    for by_hand, holds in ((net_solution, True), (slipped("bias averaged"), False), (slipped("z for h"), False)):
        gaps = run(cell("referee"), {**names, "by_hand": by_hand})["gaps"]
        assert (max(gaps(by_hand)) < 1e-6) is holds


def test_the_referee_finds_every_slip_of_the_explorer():
    names = {"torch": torch, "course": course, "lesson": lesson, "digits": course.load("digits")}
    gaps = run(cell("referee"), {**names, "by_hand": net_solution})["gaps"]
    for slip in lesson.Mistakes.controls["slip"].options:
        assert max(gaps(slipped(slip))) > 0.02, slip


def test_goal_of_the_nudge_is_in_the_middle_of_float64():
    explorer = lesson.Nudge()
    assert not explorer.goal(explorer.result)[0] and "staircase" in explorer.describe(explorer.result)
    assert explorer.goal(explorer.set(h=10**-5.25).result)[0]
    assert not explorer.goal(explorer.set(precision="float32").result)[0]
    assert not explorer.goal(explorer.set(precision="float64", sides="one side").result)[0]


# ------------------------------------------------------------------------------------------------------------ zero_grad
def accuracies(rates, *, seeds=4):
    """Percent of new points named correctly, (rates, 2, seeds): momentum 0 and 1."""
    grid = {"lr": rates, "momentum": [0.0, 1.0]}
    make = lambda: course.MLP(2, 64, 64, 2)  # noqa: E731
    runs = course.fit_many(make, SPIRALS, epochs=84, batch_size=32, grid=grid, seeds=range(seeds), progress=False)
    return 100 * runs["val_acc"][-1]


@pytest.mark.slow
def test_forgetting_helps_at_a_low_rate_and_ruins_a_good_one():
    found = accuracies([1e-4, 1e-3, 1e-2, 0.1, 0.3])
    tidy, forgetful = found[:, 0], found[:, 1]
    claim("low rate", forgetful[1].min() - tidy[1].max(), above=10)
    for place in (3, 4):
        claim("good rate", forgetful[place].max() - tidy[place].min(), below=-20)
        with pytest.raises(AssertionError, match="is not above"):
            claim("low rate", forgetful[place].min() - tidy[place].max(), above=10)
    for place in (0, 1):
        with pytest.raises(AssertionError, match="is not below"):
            claim("good rate", forgetful[place].max() - tidy[place].min(), below=-20)
    assert 64 < tidy[1].median() < 76  # "about 7 of 10" in the question
    assert forgetful.median(1).values.max() > 95 and tidy.median(1).values.max() > 95  # each at its own best rate


@pytest.mark.slow
def test_forgetful_nets_do_not_stay_and_tidy_ones_do():
    grid = {"lr": [1e-3, 0.1], "momentum": [0.0, 1.0]}
    make = lambda: course.MLP(2, 64, 64, 2)  # noqa: E731
    how = {"batch_size": 32, "grid": grid, "seeds": range(20, 24), "progress": False}
    runs = course.fit_many(make, SPIRALS, epochs=336, **how)
    accuracy = 100 * runs["val_acc"]
    for epoch, holds in ((335, True), (83, False)):
        gap = accuracy[epoch, 0, 1].max() - accuracy[epoch, 1, 0].min()
        if holds:
            claim("gap", gap, below=-10)
        else:
            with pytest.raises(AssertionError, match="is not below"):
                claim("gap", gap, below=-10)
    assert runs.dead["3"][0, 1].median() > 0.5 > runs.dead["3"][1, 0].median()


@pytest.mark.parametrize("lr", [1e-3, 0.1])
def test_forgetting_is_momentum_one_and_no_other_momentum(lr):
    source = cell("train").partition("\nlow = ")[0].replace("range(1000)", "range(200)")  # and no eight other trainings
    train = run(source, {"torch": torch, "course": course})["train"]
    forgetful = train(lr, forget=True, seed=3)
    for momentum, same in ((1.0, True), (0.99, False)):
        twin = train(lr, forget=False, seed=3, momentum=momentum)
        pairs = zip(forgetful.parameters(), twin.parameters(), strict=True)
        assert all(torch.equal(one, other) for one, other in pairs) is same


def test_goal_of_forget_needs_a_share_between_nothing_and_all():
    explorer = lesson.Forget()
    assert not explorer.goal(explorer.result)[0]
    assert explorer.goal(explorer.set(keep="0.97", rate=0.03).result)[0]
    for keep in ("nothing (zero_grad)", "0.5"):
        assert not explorer.goal(explorer.set(keep=keep, rate=0.049).result)[0]
    for rate in (0.001, 0.005, 0.01, 0.012, 0.02, 0.04):
        assert not explorer.goal(explorer.set(keep="all (no zero_grad)", rate=rate).result)[0]


def test_halves_are_the_whole_only_with_their_shares():
    names = {"torch": torch, "course": course, "digits": course.load("digits")}
    claim("share", run(cell("halves"), dict(names))["parts_gap"], below=1e-4)
    wrong = cell("halves").replace("48 / 64", "0.5").replace("16 / 64", "0.5")
    with pytest.raises(AssertionError, match="is not below"):
        claim("share", run(wrong, dict(names))["parts_gap"], below=1e-4)


# ---------------------------------------------------------------------------------------------------- by hand on digits
def test_mistakes_that_hide_and_mistakes_that_show():
    explorer = lesson.Mistakes(slip="bias averaged")
    off, (right, wrong) = explorer.result["angles"], (explorer.result[k][-1] for k in ("right", "wrong"))
    assert abs(right - wrong) < 0.1 and all(math.isnan(each) or each < 15 for each in off.values())
    off = explorer.set(slip="z for h").result["angles"]
    assert max(off.values()) > 45
    assert explorer.set(slip="y - p").result["wrong"][-1] > 2.3  # worse than guessing


@pytest.mark.parametrize("rows", [4, 16, 64])
def test_a_missing_1_over_b_is_a_rate_b_times_as_high(rows):
    x, y = course.load("digits").train
    how = {"batch_size": rows, "steps": 30}
    missing, _ = train_by_hand(x, y, (64, 16, 16, 10), lr=0.2 / rows, slip="1/B missing", **how)
    right, _ = train_by_hand(x, y, (64, 16, 16, 10), lr=0.2, **how)
    for one, other in zip(missing, right, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


def test_a_single_row_hides_what_lesson_says_it_hides():
    case = net_case(5, 1, (4, 6, 5, 3))
    for name in ("1/B missing", "1/B twice", "bias averaged"):
        for one, other in zip(slipped(name)(*case), slipped()(*case), strict=True):
            torch.testing.assert_close(one, other)
    assert max(angles(slipped("no slope")(*case), slipped()(*case)).values()) > 1


def test_goal_of_mistakes_is_a_lower_rate_for_a_missing_1_over_b():
    explorer = lesson.Mistakes()
    assert not explorer.goal(explorer.result)[0]
    assert not explorer.goal(explorer.set(slip="1/B missing").result)[0]
    assert explorer.goal(explorer.set(slip="1/B missing", rows=64, rate=0.02).result)[0]


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_z_for_h_is_faster_at_low_rates_and_flies_apart_at_one(rate):
    explorer = lesson.Mistakes()
    low = explorer.set(slip="z for h", rows=32, rate=rate).result
    assert low["wrong"][-1] < low["right"][-1]
    high = explorer.set(rate=1.0).result
    assert not high["wrong"][-1] < high["right"][-1]


def test_every_slip_of_the_explorer_is_one_of_the_exercise():
    assert set(lesson.Mistakes.controls["slip"].options) <= set(SLIPS)


@pytest.mark.parametrize("seed", range(3))
def test_gradients_by_hand_teach_a_net_and_those_without_the_truth_do_not(seed, monkeypatch):
    monkeypatch.setenv("COURSE_SEED_SHIFT", str(seed))
    names = {"torch": torch, "course": course, "lesson": lesson}
    claim("right", run(cell("by-hand"), dict(names))["right"], above=160)
    source = cell("by-hand").replace("lesson.net.right", "slipped('p for p - y')")
    with pytest.raises(AssertionError, match="is not above"):
        claim("right", run(source, {**names, "slipped": slipped})["right"], above=160)


# ----------------------------------------------------------------------------------------------------- cost and memory
@pytest.mark.parametrize(("sizes", "rows"), [((64, 32, 10), 16), ((8, 8, 8, 8), 5)])
def test_multiplications_are_those_of_the_matrix_products(sizes, rows):
    model, x = course.MLP(*sizes), torch.randn(rows, sizes[0])
    products = [rows * a * b for a, b in zip(sizes[:-1], sizes[1:], strict=True)]
    assert lesson.multiplications(lambda: model(x)) == sum(products)
    there_and_back = lesson.multiplications(lambda: model(x).sum().backward())
    assert there_and_back == 3 * sum(products) - products[0]  # nobody asks for the slope with respect to x


def test_the_way_back_of_a_single_layer_costs_one_forward_pass_only():
    model, x = course.MLP(64, 10), torch.randn(8, 64)
    forward = lesson.multiplications(lambda: model(x))
    back = lesson.multiplications(lambda: model(x).sum().backward()) - forward
    with pytest.raises(AssertionError, match="is not between"):
        claim("back over forward", back / forward, between=(1.5, 2))


@pytest.mark.parametrize(("rows", "layers", "width"), [(4, 3, 64), (100, 1, 16), (32, 8, 8)])
def test_kept_are_the_inputs_of_every_layer(rows, layers, width):
    model = course.MLP(64, *[width] * layers, 10)
    digits = course.load("digits").train
    x, y = digits.x[:rows].clone(), digits.y[:rows].clone()
    kept = lesson.kept_for_backward(model, x, y)
    inputs = 4 * rows * (64 + layers * width)  # x, and what each ReLU puts out
    assert inputs <= kept <= inputs + rows * (4 * 10 + 8) + 64  # and the logarithm of the softmax, and y
    with torch.no_grad():
        assert lesson.kept_for_backward(model, x, y) == 0


def test_what_was_kept_is_let_go_afterwards():
    """What is kept refers to its history, and the history to what is kept: no garbage collector sees that circle."""
    made, (x, y) = [], course.load("digits").train
    net = course.MLP(64, 16, 10)
    net[1].register_forward_hook(lambda _layer, _z, h: made.append(weakref.ref(h)))
    lesson.kept_for_backward(net, x[:8], y[:8])
    gc.collect()
    assert len(made) == 1 and made[0]() is None


def test_kept_opens_where_more_is_kept_than_weighs():
    result = lesson.Kept().result
    assert result["kept for the backward pass"] > result["weights"] == result["gradients"]


def test_goal_of_kept_needs_rows_not_width():
    explorer = lesson.Kept()
    assert not explorer.goal(explorer.result)[0]
    assert explorer.goal(explorer.set(rows=256, layers=8, width=8).result)[0]
    assert not explorer.goal(explorer.set(rows=1, layers=8, width=8).result)[0]


# -------------------------------------------------------------------------------------------------------------- figures
def test_figures_say_what_they_show():
    errors = {"float64": torch.stack([lesson.nudge_errors(seed, STEPS, torch.float64) for seed in range(3)])}
    ax = lesson.plot_errors(STEPS, errors, marks={"float64": 6e-6})
    assert "float64 is best at" in ax.figure.get_label()
    end = one_unit(1.0)
    assert "7 values" in lesson.plot_graph(end).figure.get_label()
    assert "no slope has reached an input yet" in lesson.plot_graph(end, steps=2).figure.get_label()


def test_detached_values_send_nothing_back():
    names = run(cell("tape"), {"torch": torch, "course": course, "digits": course.load("digits")})
    text = "\n".join(names["recorded"](names["loss"].grad_fn))
    assert text.index("NllLoss") < text.index("Relu") and text.count("AccumulateGrad") == 4
    run(cell("detach").replace("{name", "found = {name"), names)
    assert names["found"] == {"0.weight": "none", "0.bias": "none", "2.weight": "a gradient", "2.bias": "a gradient"}


def test_a_nudge_agrees_with_the_chain_rule_of_the_first_section():
    names = run(cell("nudge-one"), {"math": math})
    unit = math.tanh(0.75)
    assert (names["loss_of"](0.501) - names["loss_of"](0.5)) / 0.001 == pytest.approx(
        1.5 * (1 - unit**2) * 2 * (unit + 0.9), rel=2e-3
    )
    assert np.isfinite(names["loss_of"](0.5))
