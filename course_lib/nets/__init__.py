"""The networks of the course, one family a file."""

from course_lib.nets.mlp import MLP

__all__ = ["MLP"]
