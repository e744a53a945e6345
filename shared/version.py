"""Footman's version number; pyproject.toml has it too, and a test keeps the two equal."""

VERSION = "0.1.0"
