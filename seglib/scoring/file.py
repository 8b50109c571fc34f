"""The model file: the same model gives the same bytes, and reading one runs no code from it.

A file has to pass five gates before it is used; the first that fails refuses it:

1. it is an archive with the mark of seglib (`_members`);
2. its content has the checksum that the mark states (`_members`);
3. its table of contents names no type or function but those that `save_model` writes (`KNOWN`);
4. every key, letter, name and SELECT in it is one that seglib writes (`seglib.scoring.content`);
5. the loaded pipeline gives the same distances for a few made-up customers as it did when it was saved (`probe`).

The checksum guards against damage, not against somebody who means harm: it has no key, so they can compute it too. The
third and the fourth gate are those that guard against them. The third comes before anything of the content is built,
the fourth before anything of it comes near SQL. What no gate can tell is whether the numbers are those of a run: take
model files from people whose segments you trust.
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
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seglib.clustering import Bootstrap
from seglib.errors import InputRefused
from seglib.preprocessing import UNKNOWN
from seglib.schema.records import InputRecord, RecipeRecord, VariableRecord
from seglib.scoring.content import check_description, check_file, check_model
from seglib.scoring.model import ModelVerdict, SegmentModel

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
_ENCODERS = "seglib.preprocessing.encoders"
_OURS = {
    f"{_ENCODERS}.{name}" for name in ("HennigLiaoScaler", "WeightScaler", "level_name", "levels_of", "log_of_size")
}
_PLAIN = {
    *(f"builtins.{name}" for name in ("dict", "float", "int", "list", "slice", "str", "tuple")),
    *(f"numpy.{name}" for name in ("dtype", "float64", "int64", "ndarray")),
}
KNOWN = _SKLEARN | _OURS | _PLAIN
"""All types and functions that a model file may name."""

FORMER_TYPES = {
    "seglib.preprocessing.columns.HennigLiaoEncoder": f"{_ENCODERS}.HennigLiaoScaler",
    "seglib.preprocessing.columns.level_name": f"{_ENCODERS}.level_name",
    "seglib.preprocessing.columns.levels_of": f"{_ENCODERS}.levels_of",
    "seglib.preprocessing.columns.log_of_size": f"{_ENCODERS}.log_of_size",
}
"""What version 0.6 called our types, and their present names; its files are still read."""


def save_model(model: SegmentModel, path: str | Path) -> None:
    """Write a model file, whole or not at all; the same model gives the same bytes.

    Parameters
    ----------
    model : SegmentModel
    path : str or Path
    """
    import skops.io

    content = {
        "schema": SCHEMA,
        "run": model.run,
        "pipeline": model.pipeline,
        "letters": model.letters,
        "columns": list(model.centres.columns),
        "centres": model.centres.to_numpy(dtype=np.float64),
        "outlier_radius": model.outlier_radius.to_numpy(dtype=np.float64),
        "bootstrap": model.bootstrap.centres,
        "description": json.dumps(_description(model), ensure_ascii=False),
        "probe": _distances(model, probe(model)),
    }
    members = _canonical(skops.io.dumps(content))
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)  # ZipInfo: dated 1 January 1980
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
    contents = _table_of_contents(path, members)
    _rename_former_types(contents)
    named = {_type_name(node) for node in _typed_nodes(contents)}
    if unknown := sorted(named - KNOWN):
        raise InputRefused(
            f"model '{path}' is refused: it names {', '.join(unknown[:3])}, which no model of seglib does"
        )
    members["schema.json"] = json.dumps(contents).encode()
    try:
        with warnings.catch_warnings():
            # skops warns about a file of another version of scikit-learn; whether it matters, the probe tells
            warnings.simplefilter("ignore")
            content = skops.io.loads(_archive(members), trusted=sorted(named))
        model = _model(content)
        same = np.allclose(_distances(model, probe(model)), content["probe"], rtol=0, atol=1e-9)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputRefused(f"model '{path}' is refused: its content does not fit together ({reason})") from None
    if not same:
        there, here = model.versions.get("scikit-learn"), version("scikit-learn")
        raise InputRefused(
            f"model '{path}' is refused: it gives other numbers here than where it was made (scikit-learn {there} "
            f"there, {here} here): make it again"
        )
    return model


def probe(model: SegmentModel) -> pd.DataFrame:
    """Return a few made-up customers for whom a loaded model must give the distances that it gave when it was saved.

    Their numbers are the quantiles of the customers that the model was made of, and missing; their names are the levels
    it knows in turn, one that it does not know, and missing.
    """
    quantiles, levels = model.training["quantiles"], model.training["levels"]
    n = len(model.training["at"])
    columns = {}
    for name, kind in model.sources.items():
        if kind == "numeric":
            values = quantiles.get(name) or [1.0] * n
            columns[name] = pd.Series([*values, None, None], dtype="float64")
        elif kind == "binary":
            columns[name] = pd.Series([*(float(row % 2) for row in range(n)), None, None], dtype="float64")
        else:
            names = [*levels.get(name, {}), "?"]
            columns[name] = pd.Series([*(names[row % len(names)] for row in range(n)), UNKNOWN, None], dtype=object)
    return pd.DataFrame(columns)


def _distances(model: SegmentModel, rows: pd.DataFrame) -> np.ndarray:
    codes = [name for name, kind in model.sources.items() if kind == "code"]
    if codes:  # the pipeline of recipe baseline fills no gaps: `SegmentModel.matrix` does it, and so it is done here
        rows = rows.fillna({"coupon_usage_frequency": 1.0} | dict.fromkeys(codes, UNKNOWN))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # an unknown level is among them on purpose
        values = model.pipeline.transform(rows)
    X = values if isinstance(values, np.ndarray) else values.toarray()
    return model.clusterer.transform(pd.DataFrame(X, columns=model.centres.columns))


def _description(model: SegmentModel) -> dict[str, Any]:
    """Return what is text and plain numbers in a model, as JSON has it."""
    return {
        "recipe": model.recipe.to_json(),
        "study": model.study,
        "variables": {name: variable.to_json() for name, variable in model.variables.items()},
        "dictionary": model.dictionary,
        "training": model.training,
        "verdict": model.verdict.to_json(),
        "inputs": [table.to_json() for table in model.inputs],
        "versions": model.versions,
        "names": model.names,
        "views": model.views,
    }


def _model(content: Mapping[str, Any]) -> SegmentModel:
    """Put a model together from the content of a file, also of version 0.6."""
    check_file(content)
    letters = pd.Index(content["letters"], name="segment")
    radius = content["outlier_radius"] if "outlier_radius" in content else content["reach"]
    text = _present_keys(json.loads(content["description"] if "description" in content else content["told"]))
    check_description(text, content["letters"])
    model = SegmentModel(
        run=content["run"],
        pipeline=content["pipeline"],
        centres=pd.DataFrame(content["centres"], letters, content["columns"]),
        outlier_radius=pd.Series(radius, letters),
        bootstrap=Bootstrap(content["bootstrap"]),
        recipe=RecipeRecord.from_json(text["recipe"]),
        study=text["study"],
        variables={name: VariableRecord.from_json(variable) for name, variable in text["variables"].items()},
        dictionary=text["dictionary"],
        training=text["training"],
        verdict=ModelVerdict.from_json(text["verdict"]),
        inputs=tuple(InputRecord.from_json(table) for table in text["inputs"]),
        versions=text["versions"],
        names=text["names"],
        views=text["views"],
    )
    check_model(model)
    return model


def _present_keys(text: dict[str, Any]) -> dict[str, Any]:
    """Give the keys of a description that version 0.6 wrote their present names; a present one stays as it is."""
    if "made_of" not in text:
        return text
    return text | {"inputs": text["made_of"], "views": text["prelude"]}


def _members(path: Path) -> dict[str, bytes]:
    """Read the parts of a model file; refuse one without our mark, or whose content the mark does not fit."""
    refused = f"model '{path}' is refused: "
    if not path.is_file():
        raise InputRefused(f"model '{path}' does not exist; it was looked for in {path.resolve().parent}")
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
    except Exception as error:  # a damaged archive fails in many ways: zipfile, zlib, struct, memory
        reason = "it is not a model file of seglib" if isinstance(error, zipfile.BadZipFile) else "it is damaged"
        raise InputRefused(f"{refused}{reason}") from None
    if _digest(members).encode() != mark[2]:
        raise InputRefused(f"{refused}it was changed after it was written")
    return members


def _table_of_contents(path: Path, members: Mapping[str, bytes]) -> Any:
    """Return what skops wrote of the types and the structure of the content."""
    try:
        return json.loads(members["schema.json"])
    except (KeyError, ValueError, RecursionError):
        raise InputRefused(f"model '{path}' is refused: it has no table of contents") from None


def _typed_nodes(contents: Any) -> Iterator[dict[str, Any]]:
    """Yield every place of a table of contents that names a type, a function or a loader; nothing is built.

    A list of what is still to be seen, and no recursion: the nesting of a foreign file may be as deep as it likes.
    """
    waiting = [contents]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if "__class__" in node or "__module__" in node:
                yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _type_name(node: Mapping[str, Any]) -> str:
    return f"{node.get('__module__')}.{node.get('__class__')}"


def _rename_former_types(contents: Any) -> None:
    """Write the present names of our types over those of version 0.6, in a table of contents that was just read.

    It happens after the checksum, which is that of the file as it was written, and before the gate of known types: a
    former name that is not in `FORMER_TYPES` stays, and is refused there.
    """
    for node in _typed_nodes(contents):
        present = FORMER_TYPES.get(_type_name(node))
        if present is not None:
            node["__module__"], _, node["__class__"] = present.rpartition(".")


def _canonical(dumped: bytes) -> dict[str, bytes]:
    """Return the parts of what skops wrote, with running numbers in place of addresses.

    skops identifies objects, and names the files of arrays, by their address in memory, which differs from one process
    to the next. Numbered in the order of their first appearance, the same model gives the same bytes.
    """
    with zipfile.ZipFile(io.BytesIO(dumped)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    text = members.pop("schema.json").decode()
    numbers: dict[str, str] = {}
    for identity, file in re.findall(r'"__id__": (\d+)|"file": "(\d+)\.npy"', text):
        numbers.setdefault(identity or file, str(len(numbers) + 1))
    text = re.sub(r'"__id__": (\d+)', lambda match: f'"__id__": {numbers[match[1]]}', text)
    text = re.sub(r'"file": "(\d+)\.npy"', lambda match: f'"file": "{numbers[match[1]]}.npy"', text)
    arrays = {
        re.sub(r"^(\d+)(?=\.npy$)", lambda match: numbers.get(match[1], match[1]), name): data
        for name, data in members.items()
    }
    return {"schema.json": text.encode(), **dict(sorted(arrays.items()))}


def _archive(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _digest(members: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, data in sorted(members.items()):  # with their lengths: no two archives give the same stream of bytes
        digest.update(f"{len(name.encode())} {name} {len(data)} ".encode() + data)
    return digest.hexdigest()
