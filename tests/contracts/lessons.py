"""Finds what the lessons hold, so that a contract covers every lesson without naming one."""

import importlib
import pkgutil
from typing import Any, NamedTuple

import course_lib.lessons


class Found(NamedTuple):
    """One thing of a lesson.

    Attributes:
        lesson: the lesson's module, as a notebook imports it.
        module: the file of the lesson that holds it.
        variable: its name there.
        thing: the exercise, prediction, ...
    """

    lesson: Any
    module: Any
    variable: str
    thing: Any


def found(kind: type) -> list[Found]:
    """Every instance of `kind` in every file of every lesson, once each."""
    things: dict[int, Found] = {}
    for lesson in _modules(course_lib.lessons):
        for module in (lesson, *_modules(lesson)):
            for variable, thing in vars(module).items():
                if isinstance(thing, kind):
                    things.setdefault(id(thing), Found(lesson, module, variable, thing))
    return list(things.values())


def subclasses(kind: type) -> list[type]:
    """Every class of every lesson that is a `kind`, in the file that defines it."""
    files = [file for lesson in _modules(course_lib.lessons) for file in (lesson, *_modules(lesson))]
    classes = [each for file in files for each in vars(file).values() if isinstance(each, type)]
    return list(dict.fromkeys(each for each in classes if issubclass(each, kind) and each is not kind))


def misplaced(each: Found) -> list[str]:
    """What is wrong with the name of a thing: its id is the lesson and the variable a notebook writes."""
    lesson = each.lesson.__name__.rpartition(".")[2]
    problems = []
    if each.thing.id != f"{lesson}/{each.variable}":
        problems.append(f"the id is {each.thing.id!r}, the variable is {lesson}.{each.variable}")
    if getattr(each.lesson, each.variable, None) is not each.thing:
        problems.append(f"`from course_lib.lessons import {lesson}` does not bring {lesson}.{each.variable}")
    return problems


def _modules(package: Any) -> list[Any]:
    names = pkgutil.iter_modules(getattr(package, "__path__", []))
    return [importlib.import_module(f"{package.__name__}.{each.name}") for each in names]
