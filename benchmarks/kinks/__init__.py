"""Gradients where there is none, or more than one: a table of systems, see __main__.py."""
