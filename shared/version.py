"""Say which Footman this is; the number stands in pyproject.toml too, and a test keeps them equal."""

VERSION = "0.1.0"
