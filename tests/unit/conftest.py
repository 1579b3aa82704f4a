"""Fixtures that several files share."""

from stored import path, written  # noqa: F401
