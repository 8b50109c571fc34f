"""What the data and the artefacts look like: tables, features, records, names of sources. Data only, no computation.

Everything may import these modules, and they import nothing else of the project. Nothing is imported here, because
`seglib.schema.tables` takes time to load and many callers need only the others.
"""
