"""The backend of matplotlib in the browser: figures are drawn by Agg, and shown below their cell."""

from course_kernel import show_figures
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas

__all__ = ["FigureCanvas", "show"]


def show(*args, **kwargs):
    """Show all open figures, and close them."""
    show_figures()
