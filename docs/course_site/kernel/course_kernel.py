"""Run the cells of a lesson in the browser.

This file runs inside the page, under CPython compiled to WebAssembly. `worker.js` calls `handle` with a request in
JSON. Answers go to the file descriptor 1, one JSON object a line; their types are those of the messages of Jupyter.
"""

import ast
import base64
import io
import itertools
import json
import linecache
import os
import re
import sys
import traceback

NAMESPACE = sys.modules["__main__"].__dict__
"""The variables of the lesson."""

REPRESENTATIONS = {
    "_repr_html_": "text/html",
    "_repr_markdown_": "text/markdown",
    "_repr_latex_": "text/latex",
    "_repr_svg_": "image/svg+xml",
    "_repr_png_": "image/png",
}

NAME_BEFORE_CURSOR = re.compile(r"[\w.]+$")

COMMANDS = "Lines that begin with % or ! are commands of IPython. They do not work here: leave them out."

NOT_PART = "The Python of this page has what the lessons need, and no package can be added to it."

NO_INPUT = "input() does not work here: write the value into the cell."


def send(kind, **content):
    """Write one message, as a line of JSON."""
    os.write(1, (json.dumps({"type": kind, **content}) + "\n").encode())


class Stream(io.TextIOBase):
    """What a cell prints: every piece of text is one message."""

    def __init__(self, name):
        self.name = name

    def writable(self):
        """Say that this stream is for writing."""
        return True

    def write(self, text):
        """Send a piece of text; return its length."""
        if text:
            send("stream", name=self.name, text=text)
        return len(text)


def bundle(value):
    """Return how a value is shown, by MIME type: always as text, and in whatever richer form it offers."""
    shown = {"text/plain": repr(value)}
    if isinstance(value, type):
        return shown
    if hasattr(value, "_repr_mimebundle_"):
        more = value._repr_mimebundle_()
        shown.update(more[0] if isinstance(more, tuple) else more or {})
    for method, mime in REPRESENTATIONS.items():
        content = getattr(value, method)() if mime not in shown and hasattr(value, method) else None
        if isinstance(content, bytes):
            content = base64.b64encode(content).decode()
        if content is not None:
            shown[mime] = content
    return shown


def display(*values):
    """Show values below the cell, as tables and figures do."""
    for value in values:
        if hasattr(value, "savefig"):
            show_figure(value)
        else:
            send("display_data", data=bundle(value), metadata={})


def show_figure(figure):
    """Show one figure of matplotlib as a picture."""
    file = io.BytesIO()
    figure.savefig(file, format="png", bbox_inches="tight")
    data = {"image/png": base64.b64encode(file.getvalue()).decode(), "text/plain": repr(figure)}
    send("display_data", data=data, metadata={})


def show_figures():
    """Show all open figures of pyplot, and close them."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    for number in pyplot.get_fignums():
        show_figure(pyplot.figure(number))
    pyplot.close("all")


def is_silent(code):
    """Return whether a cell ends with a semicolon: then its last value is not shown."""
    return code.rstrip().endswith(";")


def execute(code, count):
    """Run a cell; show what it prints, its figures and its last value. Return the reply."""
    name = f"<cell {count}>"
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    try:
        body = ast.parse(code, name).body
        last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), name, "exec"), NAMESPACE)
        value = eval(compile(ast.Expression(last.value), name, "eval"), NAMESPACE) if last else None
        if value is not None and not is_silent(code):
            NAMESPACE["_"] = value
            send("execute_result", data=bundle(value), metadata={}, execution_count=count)
        show_figures()
    except BaseException as error:
        return refuse(error, code)
    return {"status": "ok"}


def refuse(error, code):
    """Show an error, without the lines of this file; return the reply."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    lines = [line.rstrip("\n") for line in traceback.format_exception(type(error), error, trace)]
    if isinstance(error, SyntaxError) and re.search(r"^\s*[%!]", code, re.MULTILINE):
        lines.append(COMMANDS)
    if isinstance(error, ModuleNotFoundError):
        lines[-1] = f"{type(error).__name__}: {error}. {NOT_PART}"
    content = {"ename": type(error).__name__, "evalue": str(error), "traceback": lines}
    send("error", **content)
    return {"status": "error", **content}


def complete(code, cursor):
    """Return the names that begin with what stands before the cursor."""
    import rlcompleter

    match = NAME_BEFORE_CURSOR.search(code[:cursor])
    start = match.start() if match else cursor
    completer = rlcompleter.Completer(NAMESPACE)
    names = itertools.takewhile(bool, (completer.complete(code[start:cursor], n) for n in range(300))) if match else ()
    matches = list(dict.fromkeys(name.removesuffix("(").removesuffix("()") for name in names))
    return {"status": "ok", "matches": matches, "cursor_start": start, "cursor_end": cursor, "metadata": {}}


def inspect_name(code, cursor):
    """Return the signature and the docstring of the name at the cursor."""
    import inspect

    end = cursor + len(re.match(r"\w*", code[cursor:]).group())
    match = NAME_BEFORE_CURSOR.search(code[:end].rstrip("("))
    try:
        value = eval(match.group(), NAMESPACE)
    except Exception:
        return {"status": "ok", "found": False, "data": {}, "metadata": {}}
    try:
        signature = f"{match.group()}{inspect.signature(value)}\n\n"
    except (TypeError, ValueError):
        signature = ""
    text = signature + (inspect.getdoc(value) or "")
    return {"status": "ok", "found": True, "data": {"text/plain": text}, "metadata": {}}


def handle(request):
    """Answer one request of the notebook, given in JSON."""
    content = json.loads(request)
    if content["do"] == "execute":
        reply = execute(content["code"], content["count"])
    elif content["do"] == "complete":
        reply = complete(content["code"], content["cursor"])
    else:
        reply = inspect_name(content["code"], content["cursor"])
    send("reply", **reply)


def load(statement):
    """Run an import before the first cell, so that the cell that asks for it does not wait."""
    exec(statement, {})


def no_input(prompt=""):
    """Refuse to read from the keyboard."""
    raise RuntimeError(NO_INPUT)


def is_lazy(importer, name, names):
    """Return whether an import waits until it is used: those that seglib does, and no others."""
    return importer is not None and importer.partition(".")[0] == "seglib"


def prepare():
    """Set up what a cell sees: streams, `display`, and a seglib whose parts load when they are first used.

    The browser has no DuckDB and no Arrow. With lazy imports (PEP 810, Python 3.15) a part of seglib that needs them
    stops with a message when it is used, and not when a lesson imports its neighbour.
    """
    sys.stdout, sys.stderr = Stream("stdout"), Stream("stderr")
    NAMESPACE.update(display=display, input=no_input)
    if hasattr(sys, "set_lazy_imports"):
        sys.set_lazy_imports_filter(is_lazy)
        sys.set_lazy_imports("all")


if sys.platform == "wasi":
    prepare()
