"""The machine room: run the notebooks in order, and put a whole report in place or none.

A `seglib.runner.request.Request` (run name, source, parameters, first notebook) is checked before anything runs; then
`seglib.runner.pipeline.execute` runs each notebook with papermill in a kernel of its own (`kernels`), in a folder
beside the finished runs (`staging`), writes ``run.json`` (`record`) and lets `seglib.report` build the pages. Only a
run that is whole takes the place of an earlier one. `batch` does this for every entry of a parameter file with
``runs``. Start reading in `pipeline`.

No notebook imports this package, and it imports nothing of the analysis. It exports nothing here, so that
``seglib --help`` stays quick: import its files.
"""
