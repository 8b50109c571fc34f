"""The model file: written the same way every time, and read without trust.

Nothing in a model file is executed. Four gates, the first that fails refuses it: it must be an archive with our mark;
its content must be what the mark says; it may name no type but the few that we write; and the loaded pipeline must
give what it gave when it was saved.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seglib.clustering import Bootstrap
from seglib.errors import InputRefused
from seglib.preprocessing import UNKNOWN
from seglib.schema.records import RecipeRecord, VariableRecord
from seglib.scoring.model import SegmentModel

SCHEMA = 1
"""Of the content of the file. It changes when a reader of the old one would misread the new one."""

LARGEST = 256 * 2**20
"""Bytes that a model file may unfold to; ours have a few hundred thousand."""

_MARK = re.compile(rb"seglib model (\d{1,6}) sha256 ([0-9a-f]{64})")
_SKLEARN = {
    "sklearn.compose._column_transformer.ColumnTransformer",
    "sklearn.impute._base.SimpleImputer",
    "sklearn.pipeline.Pipeline",
    "sklearn.preprocessing._data.PowerTransformer",
    "sklearn.preprocessing._data.RobustScaler",
    "sklearn.preprocessing._data.StandardScaler",
    "sklearn.preprocessing._encoders.OneHotEncoder",
    "sklearn.preprocessing._encoders.OrdinalEncoder",
    "sklearn.preprocessing._function_transformer.FunctionTransformer",
}
_OURS = {
    f"seglib.preprocessing.encoders.{name}" for name in ("HennigLiaoScaler", "level_name", "levels_of", "log_of_size")
}
_PLAIN = {
    *(f"builtins.{name}" for name in ("dict", "float", "int", "list", "slice", "str", "tuple")),
    *(f"numpy.{name}" for name in ("dtype", "float64", "int64", "ndarray")),
}
KNOWN = _SKLEARN | _OURS | _PLAIN
"""All types and functions that a model file may name."""


def save_model(model: SegmentModel, path: str | Path) -> None:
    """Write a model file, whole or not at all; the same model gives the same bytes.

    Parameters
    ----------
    model : SegmentModel
    path : str or Path
    """
    import skops.io

    held = {
        "schema": SCHEMA,
        "run": model.run,
        "pipeline": model.pipeline,
        "letters": model.letters,
        "columns": list(model.centres.columns),
        "centres": model.centres.to_numpy(dtype=np.float64),
        "outlier_radius": model.outlier_radius.to_numpy(dtype=np.float64),
        "bootstrap": model.bootstrap.centres,
        "told": json.dumps(_told(model), ensure_ascii=False, sort_keys=False),
    }
    probe = probed(model)
    held["probe"] = _distances(model, probe)
    members = _canonical(skops.io.dumps(held))
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)  # always of 1 January 1980
        archive.comment = f"seglib model {SCHEMA} sha256 {_digest(members)}".encode()
    part.replace(path)


def load_model(path: str | Path) -> SegmentModel:
    """Read a model file.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    SegmentModel

    Raises
    ------
    InputRefused
        If it is no model file of ours, was changed after it was written, names a type that we do not write, has a
        schema that this version does not know, or gives other numbers here than where it was made. Nothing in it is
        executed.
    """
    import skops.io

    path = Path(path)
    members = _members(path)
    named = set(_named(_schema(path, members)))
    if strange := sorted(named - KNOWN):
        raise InputRefused(f"model '{path}' is refused: it names {', '.join(strange[:3])}, which no model of ours does")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of another version of scikit-learn: the probe tells whether it matters
            held = skops.io.loads(_archive(members), trusted=sorted(named))
        model = _model(held)
        made = _distances(model, probed(model))
        same = np.allclose(made, held["probe"], rtol=0, atol=1e-9)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputRefused(f"model '{path}' is refused: its content does not fit together ({reason})") from None
    if not same:
        own, here = model.versions.get("scikit-learn"), version("scikit-learn")
        raise InputRefused(
            f"model '{path}' is refused: it gives other numbers here than where it was made (scikit-learn {own} there, "
            f"{here} here): make it again"
        )
    return model


def probed(model: SegmentModel) -> pd.DataFrame:
    """Return a few made-up customers for whom a loaded model must say what it said when it was saved.

    The quantiles of the customers it was made of, with the levels it knows in turn, one level that it does not know,
    and values that are missing.
    """
    at = model.training["at"]
    rows = {}
    for name, kind in model.sources.items():
        if kind == "numeric":
            quantiles = model.training["quantiles"].get(name) or [1.0] * len(at)
            rows[name] = [*quantiles, None, None]
        else:
            levels = [*model.training["levels"].get(name, {}), "?"]
            if kind == "binary":
                rows[name] = [float(place % 2) for place in range(len(at))] + [None, None]
            else:
                rows[name] = [levels[place % len(levels)] for place in range(len(at))] + [UNKNOWN, None]
    made = pd.DataFrame(rows)
    for name, kind in model.sources.items():
        made[name] = made[name].astype("float64" if kind in ("numeric", "binary") else object)
    return made


def _distances(model: SegmentModel, rows: pd.DataFrame) -> np.ndarray:
    codes = [name for name, kind in model.sources.items() if kind == "code"]
    rows = rows.fillna(dict.fromkeys(codes, UNKNOWN) | ({"coupon_usage_frequency": 1.0} if codes else {}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # an unknown level is among them on purpose
        made = model.pipeline.transform(rows)
    X = made if isinstance(made, np.ndarray) else made.toarray()
    return model.clusterer.transform(pd.DataFrame(X, columns=model.centres.columns))


_WORDS = (
    "recipe",
    "study",
    "variables",
    "dictionary",
    "training",
    "verdict",
    "made_of",
    "versions",
    "names",
    "prelude",
)


def _told(model: SegmentModel) -> dict[str, Any]:
    """Return what is words and plain numbers in a model."""
    variables = {name: variable.to_json() for name, variable in model.variables.items()}
    return {name: getattr(model, name) for name in _WORDS} | {"recipe": model.recipe.to_json(), "variables": variables}


def _model(held: Mapping[str, Any]) -> SegmentModel:
    """Put a model together from what the file held."""
    letters = pd.Index(held["letters"], name="segment")
    told = json.loads(held["told"])
    return SegmentModel(
        run=held["run"],
        pipeline=held["pipeline"],
        centres=pd.DataFrame(held["centres"], letters, held["columns"]),
        outlier_radius=pd.Series(held["outlier_radius"], letters),
        bootstrap=Bootstrap(held["bootstrap"]),
        **{name: told[name] for name in _WORDS}
        | {
            "recipe": RecipeRecord.from_json(told["recipe"]),
            "variables": {name: VariableRecord.from_json(one) for name, one in told["variables"].items()},
        },
    )


def _members(path: Path) -> dict[str, bytes]:
    """Read the parts of a model file, and hold them against the mark."""
    refused = f"model '{path}' is refused: "
    if not path.is_file():
        raise InputRefused(f"model '{path}' does not exist")
    try:
        with zipfile.ZipFile(path) as archive:
            mark = _MARK.fullmatch(archive.comment)
            if mark is None:
                raise InputRefused(f"{refused}it is not a model file of seglib")
            if int(mark[1]) != SCHEMA:
                raise InputRefused(
                    f"{refused}its schema is {int(mark[1])}, and this version of seglib knows {SCHEMA}: use the "
                    "version that made it, or make it again"
                )
            if sum(info.file_size for info in archive.infolist()) > LARGEST:
                raise InputRefused(f"{refused}it would unfold to more than {LARGEST // 2**20} MB")
            members = {info.filename: archive.read(info) for info in archive.infolist()}
    except InputRefused:
        raise
    except Exception as error:  # a damaged archive fails in many ways, none of which is ours
        what = "it is not a model file of seglib" if isinstance(error, zipfile.BadZipFile) else "it is damaged"
        raise InputRefused(f"{refused}{what}") from None
    if _digest(members).encode() != mark[2]:
        raise InputRefused(f"{refused}it was changed after it was written")
    return members


def _schema(path: Path, members: Mapping[str, bytes]) -> Any:
    try:
        return json.loads(members["schema.json"])
    except (KeyError, ValueError, RecursionError):
        raise InputRefused(f"model '{path}' is refused: it has no table of contents") from None


def _named(node: Any) -> Iterator[str]:
    """Yield every type, function and loader that a table of contents names; it is only read."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if "__class__" in one or "__module__" in one:
                yield f"{one.get('__module__')}.{one.get('__class__')}"
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _canonical(dumped: bytes) -> dict[str, bytes]:
    """Return the parts of what skops wrote, with numbers in order in place of addresses in memory."""
    with zipfile.ZipFile(io.BytesIO(dumped)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    text = members.pop("schema.json").decode()
    numbers, renamed = count(1), {}
    for address in re.findall(r'"__id__": (\d+)|"file": "(\d+)\.npy"', text):
        renamed.setdefault(address[0] or address[1], None)
    renamed = {address: str(next(numbers)) for address in renamed}
    text = re.sub(r'"__id__": (\d+)', lambda m: f'"__id__": {renamed[m[1]]}', text)
    text = re.sub(r'"file": "(\d+)\.npy"', lambda m: f'"file": "{renamed[m[1]]}.npy"', text)
    parts = {
        re.sub(r"^(\d+)(?=\.npy$)", lambda m: renamed.get(m[1], m[1]), name): held for name, held in members.items()
    }
    return {"schema.json": text.encode(), **dict(sorted(parts.items()))}


def _archive(members: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def _digest(members: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(members.items()):
        digest.update(f"{len(name.encode())} {name} {len(content)} ".encode() + content)
    return digest.hexdigest()
