"""Programs to run and to read: `python -m demos.spiral`, and so on; each has --help."""
