"""Customer segmentation you can act on.

Six numbered notebooks tell the story; this package does the work behind them. A notebook, its package and its tests
share a name: ``03_preprocessing.ipynb`` imports `seglib.preprocessing`, which ``tests/preprocessing`` guards.
ARCHITECTURE.md shows all packages and who imports whom.
"""

__version__ = "0.8.0"
