"""Which functions of NumPy are differentiable here: every one of them is called, and looked at.

`python -m autograd.coverage` prints the counts, and `--write` makes docs/coverage.md of them. The
files up to `judge` know NumPy alone, so that other systems can be asked in a process of their own,
where their package, not this one, is what `import autograd` finds.
"""
