"""Studies of the package: scripts to be run from the root of the project, and the data that they are run on."""
