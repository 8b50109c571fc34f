"""interpretation/profiles."""
