"""Compile: from a function to its forward and backward pass as one NumPy program.

trace (write down every NumPy call) → program → passes → memory plan → Python function.
"""

from .compiled import Compiled, compile, fresh
from .program import Equation, Program, Variable

__all__ = ["Compiled", "Equation", "Program", "Variable", "compile", "fresh"]
