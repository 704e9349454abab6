"""Every public name of course_lib says what it is; one that a notebook sees also says what it takes and refuses."""

import ast
import functools
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

import pytest

import course_lib
from course_lib.exercise import Exercise
from tests.contracts.lessons import found
from tests.test_layers import FILES, module

MODULES = [name for name in map(module, FILES) if name != "__init__"]
SHOWN = "lessons.backprop.engine"  # as the notebook writes it, line by line, with the words beside it
OF_A_CLASS = FunctionType | property | classmethod | staticmethod | functools.cached_property


def public(where: ModuleType) -> Iterator[tuple[str, Any]]:
    """The functions and classes that a module defines, and what its classes define, all without an underscore."""
    for name, thing in vars(where).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != where.__name__:
            continue
        if inspect.isclass(thing):
            yield name, thing
            inside = [n for n, each in vars(thing).items() if not n.startswith("_") and isinstance(each, OF_A_CLASS)]
            yield from ((f"{name}.{n}", getattr(thing, n)) for n in inside)
        elif inspect.isfunction(inspect.unwrap(thing) if callable(thing) else thing):
            yield name, thing


def solutions() -> set[Any]:
    """Functions whose source a learner is shown as the solution: a docstring would say it before the code does."""
    return {function for each in found(Exercise) for function in (each.thing.right, each.thing.another)}


def silent(where: ModuleType, shown: set[Any] = frozenset()) -> list[str]:
    """The public names of a module that have no docstring, neither their own nor that of what they override."""
    named = [name for name, thing in public(where) if thing not in shown and not inspect.getdoc(thing)]
    return named if inspect.getdoc(where) else ["the module", *named]


def gaps(name: str, thing: Any, of_the_class: str = "") -> list[str]:
    """What the docstring of a function or a class, or that of a method's class, leaves out: parameters, errors."""
    doc, start = f"{inspect.getdoc(thing)} {of_the_class}", thing.__init__ if inspect.isclass(thing) else thing
    missing = []
    if isinstance(start, FunctionType):  # not what Python makes for a class that has none
        parameters = [p for p in inspect.signature(start).parameters if p != "self"]
        missing += [f"{name} does not say what {p} is" for p in parameters if not re.search(rf"\b{p}\b", doc)]
        if raises(start) and "Raises:" not in doc:
            missing.append(f"{name} raises, and does not say what")
    if inspect.isclass(thing):
        for inner, method in public_methods(thing):
            missing += gaps(f"{name}.{inner}", method, doc)
    return missing


def public_methods(kind: type) -> Iterator[tuple[str, FunctionType]]:
    """Those that the class itself defines, and that override nothing that is documented above."""
    for name, each in vars(kind).items():
        if isinstance(each, FunctionType) and not name.startswith("_") and each.__doc__:
            yield name, each


def raises(function: FunctionType) -> bool:
    """Whether it raises an error of its own choice, other than that it is not written yet."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except OSError:  # made by @dataclass
        return False
    chosen = [ast.unparse(node.exc) for node in ast.walk(tree) if isinstance(node, ast.Raise) and node.exc]
    return any(not words.startswith(("NotImplementedError", "StopTraining")) for words in chosen)


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_has_a_docstring(name):
    if name != SHOWN:
        assert silent(importlib.import_module(f"course_lib.{name}"), solutions()) == []


@pytest.mark.parametrize("name", course_lib.__all__)
def test_what_a_notebook_sees_says_what_it_takes_and_refuses(name):
    assert gaps(name, getattr(course_lib, name)) == []


class _Bad:
    """Says nothing."""

    def __init__(self, size):
        self.size = size

    def check(self, size):
        """Says nothing of what it raises, but of size."""
        if size < 0:
            raise ValueError

    def silent(self):
        return self.size


def _undocumented():
    pass


def test_what_is_missing_is_found():
    here = ModuleType("here")
    bad, function = type("Bad", (_Bad,), dict(vars(_Bad), __module__="here")), FunctionType(_undocumented.__code__, {})
    function.__module__ = "here"
    vars(here).update(Bad=bad, function=function, _Hidden=bad, elsewhere=pytest.fixture)
    assert silent(here) == ["the module", "Bad.silent", "function"]
    assert gaps("Bad", bad) == ["Bad does not say what size is", "Bad.check raises, and does not say what"]
