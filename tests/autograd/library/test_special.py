"""Functions of `scipy.special`: special points, what is refused, and that SciPy stays optional."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from close import assert_close

import autograd as ag
from autograd import Tensor, UnsupportedError

special = pytest.importorskip("scipy.special")


def test_rows_are_entered_when_a_function_meets_a_tensor() -> None:
    program = (
        "import sys, autograd as ag\n"
        "t = ag.Tensor(0.5) % 1.0\n"
        "print('scipy' in sys.modules)\n"
        "erf = ag.gates.gate(lambda x: x, local=1, name='erf')\n"
        "from scipy import special\n"
        "print(special.erf(t).node.gate.name, special.erf(0.5, out=None))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split()[:2] == ["False", "scipy.special.erf"], done.stderr


def test_values_are_scipys_own() -> None:
    x = np.linspace(0.1, 3, 7)
    for name in ("erf", "gammaln", "psi", "j1", "log_ndtr", "expit"):
        f = getattr(special, name)
        np.testing.assert_array_equal(f(Tensor(x)).numpy(), f(x))


@pytest.mark.parametrize(
    ("f", "at", "expected"),
    [
        (special.xlogy, (0.0, 0.0), (0, 0)),
        (special.xlogy, (0.0, 2.0), (np.log(2.0), 0)),
        (special.xlog1py, (0.0, -1.0), (0, 0)),
        (special.rel_entr, (0.0, 0.0), (1, -1)),
        (special.kl_div, (0.0, 0.0), (0, 0)),
        (special.j1, (0.0,), (0.5,)),
        (special.i1, (0.0,), (0.5,)),
        (special.i0e, (0.0,), (0,)),
        (special.log_ndtr, (-50.0,), (50.019984,)),
        (special.log_expit, (-1000.0,), (1,)),
        (special.erfcx, (30.0,), (-0.00062583541,)),
    ],
)
def test_special_points(f: Any, at: Any, expected: Any) -> None:
    tensors = [Tensor(x) for x in at]
    f(*tensors).backward()
    for t, wanted in zip(tensors, expected, strict=True):
        assert float(t.grad) == pytest.approx(wanted, rel=1e-5, abs=1e-12)


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda t: special.betainc(t, 2.0, 0.5), "no gradient rule for a"),
        (lambda t: special.gammainc(t, 2.0), "no gradient rule for x"),
        (lambda t: special.jv(t, 2.0), "no gradient rule for x"),
        (lambda t: special.struve(1.0, t), r"scipy\.special\.struve: there is no gate"),
        (lambda t: special.airy(t), r"scipy\.special\.airy: there is no gate"),
        (lambda t: special.polygamma(1, t), r"t\.detach\(\)"),
    ],
)
def test_what_has_no_rule_is_refused(call: Any, what: str) -> None:
    with pytest.raises(UnsupportedError, match=what):
        call(Tensor(1.5))
    call(Tensor(1.5).detach())


def test_to_the_third_order() -> None:
    third = ag.grad(ag.grad(ag.grad(lambda x: special.gammaln(x))))
    assert_close(third(2.5), special.polygamma(2, 2.5))


def test_options_of_its_ufuncs() -> None:
    x = np.array([0.5, -1.0])
    out = Tensor(np.zeros(2), requires_grad=False)
    assert special.erf(Tensor(x), out=out) is out
    assert out.requires_grad
    assert_close(out, special.erf(x))
    outer = special.xlogy.outer(Tensor([1.0, 2.0]), Tensor([3.0, 4.0]))
    assert_close(outer, special.xlogy.outer([1.0, 2.0], [3.0, 4.0]))


def test_a_source_says_where_the_functions_are() -> None:
    compiled = ag.compile(lambda x: special.erf(x) + special.gammaln(x))
    found = compiled(np.array([0.5, 1.5]))
    assert compiled.source.startswith("import scipy.special\nimport numpy as np\n")
    assert_close(found, special.erf([0.5, 1.5]) + special.gammaln([0.5, 1.5]))


@pytest.mark.parametrize("order", [1.5, np.float32(1.5)])
def test_loops_are_chosen_as_in_eager_code(order: Any) -> None:
    x = np.array([0.5, 1.5], np.float32)
    compiled = ag.compile(lambda x: special.gammainc(order, x) * np.float32(2))
    found, wanted = compiled(x), special.gammainc(order, x) * np.float32(2)
    np.testing.assert_array_equal(found, wanted)
    assert found.dtype == wanted.dtype
