"""Torch building blocks that tasks share."""
