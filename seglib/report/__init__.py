"""Pages for people: what a run found, why a run stopped, which runs there are.

`build` turns the executed notebooks (`pages`) and ``run.json`` into a report: an index, one page to hand on
(`summary`, with a PDF if a browser is installed: `pdf`), and every notebook with its code folded and without it.
`failed` explains a run that stopped, and `remedies` says what to do. `run_list` lists all runs, `batch` compares the
runs of a batch, `changes` compares a run with the one before, `check` shows what the contract found in a source.
All pages come from Jinja templates in ``templates/`` (`render`), stand alone, fetch nothing and run no script. Start
reading in `build`.

It exports nothing here, so that ``seglib --help`` stays quick: import its files.
"""
