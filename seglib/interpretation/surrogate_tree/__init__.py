"""interpretation/surrogate_tree."""
