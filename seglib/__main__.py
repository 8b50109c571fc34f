"""``python -m seglib`` is the same program as ``seglib``."""

from seglib.cli import main

main()
