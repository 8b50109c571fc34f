"""Every word of the report that a reader may want otherwise, and a file of words of the analyst's own.

`cards`, `verdict` and `pages` hold the words of the package; `Vocabulary` gives them, or those of a file
(`vocabulary_of`) in their place.
"""
