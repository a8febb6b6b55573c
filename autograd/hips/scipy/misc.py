"""Where `logsumexp` was in old versions of SciPy."""

from .special import logsumexp

__all__ = ["logsumexp"]
