"""Spark: the session of this process, or a local one."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seglib.errors import InputRefused, ParameterRefused
from seglib.schema.tables import TABLES
from seglib.sql import translated

if TYPE_CHECKING:
    import pandas as pd

    from seglib.run import Run

JAVA = 17
"""The oldest Java that Spark runs on."""

_GET_JAVA = f"install Java {JAVA} or newer (Debian, Ubuntu: apt install openjdk-{JAVA}-jre-headless; or set JAVA_HOME)"

LOCAL = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.bindAddress": "127.0.0.1",  # no other machine is reached, and none can reach it
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "2g",
    "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",  # half the time to start
    "spark.log.level": "ERROR",
    "spark.sql.shuffle.partitions": str(os.cpu_count() or 1),
}
"""Settings of a local session: small, quick to start, silent."""

EXACT = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # what does not fit is an error, not another number
    "spark.sql.caseSensitive": "false",
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
}
"""Settings on which values could depend."""


class Spark:
    """Spark, on the canonical tables that 01 wrote."""

    name = "spark"

    def __init__(self, session: Any, tables: Path) -> None:
        """Take a SparkSession (its settings and views stay as they are) and the folder of the tables."""
        self.session = session.newSession()
        self.text = f"The statements run on Spark {session.version} ({session.sparkContext.master})."
        for setting, value in EXACT.items():
            self.session.conf.set(setting, value)
        for name in TABLES:
            place = re.sub(r"([\\{}\[\]*?])", r"\\\1", str(tables / f"{name}.parquet"))  # Spark reads patterns
            self.session.read.parquet(f"file://{place}").createOrReplaceTempView(name)

    def keep(self, name: str, sql: str) -> None:
        """Make a view of the rows of a SELECT, which are computed once.

        Spark's cache would not do: it does not recognise a statement inside of one that has common table expressions,
        and drops everything derived from a view when another one takes its name.
        """
        rows = self.session.sql(translated(sql, "spark")).localCheckpoint(eager=False)
        rows.createOrReplaceTempView(name)

    def frame(self, sql: str) -> pd.DataFrame:
        """Return the rows of a SELECT."""
        import pyarrow as pa

        with _without_pandas_warning():
            rows = self.session.sql(translated(sql, "spark")).toArrow()
        types = [pa.float64() if pa.types.is_decimal(field.type) else field.type for field in rows.schema]
        return rows.cast(pa.schema(list(zip(rows.schema.names, types, strict=True)))).to_pandas(date_as_object=False)


def open_spark(run: Run) -> Spark:
    """Open the canonical tables of a run in the active Spark session, or in a local one.

    Raises
    ------
    ParameterRefused
        If PySpark or Java is missing, or too old, or Spark does not start.
    """
    tables = run.data_dir / "tables"
    missing = [name for name in TABLES if not (tables / f"{name}.parquet").exists()]
    if missing:
        raise InputRefused(f"run '{run.name}' has no tables yet: run 01_ingest.ipynb first")
    try:
        with _without_pandas_warning():
            spark = importlib.import_module("pyspark.sql").SparkSession
    except ImportError:
        raise ParameterRefused(
            "engine 'spark' needs PySpark: make extra-spark installs it (or pip install 'seglib[spark]'); "
            f"it also needs Java: {_GET_JAVA}",
            parameter="engine",
        ) from None
    return Spark(spark.getActiveSession() or _local(spark), tables)


def _local(spark: Any) -> Any:
    _need_java()
    folder = tempfile.gettempdir()
    builder = spark.builder.master("local[*]").appName("seglib")
    for setting, value in {**LOCAL, "spark.local.dir": folder, "spark.sql.warehouse.dir": f"{folder}/spark"}.items():
        builder = builder.config(setting, value)
    with tempfile.TemporaryFile() as log, _without_pandas_warning():
        try:
            with _errors_go_to(log.fileno()):
                return builder.getOrCreate()
        except Exception as error:
            log.seek(0)
            last = log.read().decode(errors="replace").strip().splitlines()[-1:] or str(error).splitlines()[:1]
            raise ParameterRefused(
                f"engine 'spark': Spark does not start: {' '.join(last)}", parameter="engine"
            ) from None


def _need_java() -> None:
    """Refuse the engine if there is no Java, or one that Spark does not run on."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if java is None:
        where = "JAVA_HOME names a folder without one" if home else "there is none"
        raise ParameterRefused(f"engine 'spark' needs Java, and {where}: {_GET_JAVA}", parameter="engine")
    output = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    number = re.search(r'version "(?:1\.)?(\d+)', output)
    if number is None or int(number[1]) < JAVA:
        version = f"version {number[1]}" if number else "of a version that it does not tell"
        raise ParameterRefused(
            f"engine 'spark' needs Java {JAVA} or newer, and '{java}' is {version}: {_GET_JAVA}", parameter="engine"
        )


@contextmanager
def _errors_go_to(file: int) -> Iterator[None]:
    """Send what Java writes to stderr to a file: in a notebook it would become part of the report."""
    before = os.dup(2)
    os.dup2(file, 2)
    try:
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)


@contextmanager
def _without_pandas_warning() -> Iterator[None]:
    """PySpark warns of pandas 3; nothing here goes through its pandas."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*pandas", category=FutureWarning)
        yield
