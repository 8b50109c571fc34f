"""features/engines."""

from seglib.features.engines.open import open_engine

__all__ = [
    "open_engine",
]
