"""interpretation/holdout."""
