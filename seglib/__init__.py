"""Customer segmentation you can act on.

Six numbered notebooks tell the story; this package does the work behind them. A notebook, its module,
its test and the file it writes share a name: ``03_preprocessing.ipynb`` imports `seglib.preprocessing`,
which ``tests/test_preprocessing.py`` guards. ARCHITECTURE.md draws the whole map.
"""

__version__ = "0.6.0"
