"""What people meet in JupyterLab beside the six notebooks: the lessons, and a look at git after every save.

A lesson (``notebooks/lessons``) is a notebook whose solutions stand in cells tagged ``solution``. `check` tells a
student whether an answer is right, and if not, why; it computes the right answer anew and never prints it.
`make_course` writes what a class gets: the lessons without their solutions, the data, and a shop for every student,
whose truth only the teacher's key opens. `after_save` is the hook that ``make lab`` gives to JupyterLab.
"""

from seglib.lab.check import check
from seglib.lab.handout import make_course
from seglib.lab.saving import after_save, note_size

__all__ = [
    "after_save",
    "check",
    "make_course",
    "note_size",
]
