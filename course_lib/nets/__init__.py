"""The networks of the course, one family a file."""

from course_lib.nets.lenet import LeNet5
from course_lib.nets.mlp import MLP

__all__ = ["MLP", "LeNet5"]
