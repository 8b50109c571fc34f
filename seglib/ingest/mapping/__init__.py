"""The mapping file: what a shop's own tables, columns and values are called in the contract.

`seglib.ingest.mapping.file` reads the YAML file, checks every key and value, and returns a `ShopMapping` of
`seglib.ingest.mapping.model`: per canonical table where it comes from, per column a `ColumnSource`. Whether the source
has what the mapping names is checked later, by `seglib.ingest.contract.loading`.
"""
