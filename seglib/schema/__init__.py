"""What the data and the artefacts look like. Data only, no computation.

`tables` declares the contract of the canonical tables, `features` the feature dictionary, `records` what notebooks hand
on as JSON, `columns` and `sources` a few names, `renamed` what was called otherwise in the last version, `days` and
`files` how days and paths are written.

Everything may import these files, and they import nothing else of the project. It exports nothing here, because
`seglib.schema.tables` takes time to load and many callers need only the others.
"""
