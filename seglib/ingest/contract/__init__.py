"""The contract applied to a source, in DuckDB: four steps, each a module.

`loading` brings the source's tables in and finds where each canonical column comes from. `parsing` writes the SQL that
reads a cell by the kind of its column, with `numbers`, which finds out how numbers are written, and `month_names`.
`rules` lists every way in which a row can be wrong. `validation` reads all cells, finds the rows that violate a rule,
accepts the others, and counts both.
"""
