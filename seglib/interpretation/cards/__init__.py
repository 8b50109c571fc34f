"""interpretation/cards."""
