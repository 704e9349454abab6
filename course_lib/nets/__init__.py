"""The networks of the course, one family a file."""

from course_lib.nets.lenet import LeNet5
from course_lib.nets.mlp import MLP
from course_lib.nets.residual_stacks import ResidualCNN, ResidualMLP
from course_lib.nets.resnet import BasicBlock, Bottleneck, ResNet, resnet18, resnet34, resnet50, resnet152

__all__ = [
    "MLP",
    "BasicBlock",
    "Bottleneck",
    "LeNet5",
    "ResidualCNN",
    "ResidualMLP",
    "ResNet",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet152",
]
