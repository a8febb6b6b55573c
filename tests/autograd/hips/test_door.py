"""The way in: nothing of the layer is loaded unasked, and only clients get its conventions."""

from __future__ import annotations

import ast
import doctest
import functools
import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import autograd.numpy as np
import numpy as onp
import pytest

import autograd as ag
from autograd import Tensor

ROOT = Path(ag.__file__).parent
LAYER = ROOT / "hips"
MODULES = sorted(
    ".".join(["autograd", *path.relative_to(LAYER).with_suffix("").parts]).removesuffix(".__init__")
    for path in LAYER.rglob("*.py")
    if path.parent != LAYER or path.name != "__init__.py"
)
PLAIN = [name for name in MODULES if "scipy" not in name]


def test_importing_the_package_loads_nothing_of_it() -> None:
    found = subprocess.run(
        [sys.executable, "-c", "import sys, autograd; autograd.grad; print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert not set(found) & set(MODULES)
    assert "autograd.functional.callers" in found


def test_no_file_of_the_engine_imports_it() -> None:
    for path in [*ROOT.rglob("*.py"), *(ROOT.parent / "nn").rglob("*.py")]:
        if path.is_relative_to(LAYER):
            continue
        home = ["autograd", *path.relative_to(ROOT).parts] if path.is_relative_to(ROOT) else []
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.ImportFrom):
                start = ".".join(home[: len(home) - node.level]) if node.level else ""
                full = ".".join(x for x in (start, node.module) if x)
                names = [full, *[f"{full}.{alias.name}" for alias in node.names]]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            assert not set(names) & set(MODULES), f"{path} imports {names}"


@pytest.mark.parametrize("name", PLAIN)
def test_each_module_is_loaded_first_by_itself_and_its_examples_are_true(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__name__ == name
    assert Path(str(module.__file__)).is_relative_to(LAYER)
    for listed in getattr(module, "__all__", []):
        assert hasattr(module, listed), listed
    if not name.startswith("autograd.numpy"):  # those are full of NumPy's
        failed, _ = doctest.testmod(module)
        assert not failed


def test_any_of_them_may_be_imported_first() -> None:
    program = "import {}; import autograd.numpy, autograd.extend, autograd.misc"
    for name in ["autograd." + x for x in ("core", "builtins", "tracer", "numpy.numpy_vjps")]:
        subprocess.run([sys.executable, "-c", program.format(name)], check=True)


@pytest.mark.parametrize("line", ["import autograd.extend", "from autograd.misc import flatten"])
def test_clients_are_known_without_its_numpy(line: str) -> None:
    call = "from autograd import grad; print(type(grad(lambda x: x * x)(3.0)).__name__)"
    line = line.replace("import autograd.extend", "from autograd.extend import primitive")
    found = subprocess.run(
        [sys.executable, "-c", f"{line}; {call}"], capture_output=True, text=True, check=True
    )
    assert found.stdout == "float64\n"


# --- who is a client -----------------------------------------------------------------------------


def in_a_module(source: str, **names: Any) -> dict[str, Any]:
    """The names of a module with this text."""
    known = {"__name__": "somebodys", **names}
    exec(source, known)
    return known


OWN = "import numpy as np\nfrom autograd import grad\nf = lambda x: x * x\n"
CLIENTS = OWN.replace("import numpy", "import autograd.numpy")


def is_a_clients(result: Any) -> bool:
    """Clients get numbers, our own users arrays."""
    return type(result) is onp.float64


def test_users_of_ours_get_ours_and_clients_theirs() -> None:
    own, clients = in_a_module(OWN), in_a_module(CLIENTS)
    call = "slope = grad(f)(3.0)"
    exec(call, own)
    exec(call, clients)
    assert not is_a_clients(own["slope"])
    assert is_a_clients(clients["slope"])
    assert own["slope"] == clients["slope"] == 6.0


def test_a_clients_function_is_known_wherever_it_is_differentiated() -> None:
    own, clients = in_a_module(OWN), in_a_module(CLIENTS)

    class Model:
        loss = staticmethod(clients["f"])
        __call__ = staticmethod(clients["f"])

    for f in (clients["f"], functools.partial(clients["f"]), Model().loss, Model()):
        exec("slope = grad(f)(3.0)", {**own, "f": f}, found := {})  # type: ignore[var-annotated]
        assert is_a_clients(found["slope"])


@pytest.mark.parametrize(
    "line",
    [
        "from autograd import numpy as anp",
        "from autograd.extend import primitive",
        "from autograd import make_vjp",
        "from autograd.numpy import array",
        "from autograd.misc.optimizers import adam",
        "import autograd.scipy",
    ],
)
def test_what_tells_a_client(line: str) -> None:
    known = in_a_module(OWN + line + "\nslope = grad(f)(3.0)")
    assert is_a_clients(known["slope"]) == (line != "import autograd.scipy")


def test_keywords_tell_too() -> None:
    known = in_a_module(
        "from autograd import grad, jacobian\n"
        "f = lambda x, y: x * y\n"
        "theirs = grad(f, argnum=1)(2.0, 3.0)\n"
        "ours = grad(f, argnums=1)(2.0, 3.0)\n"
    )
    assert is_a_clients(known["theirs"])
    assert not is_a_clients(known["ours"])


def test_ours_inside_of_ours_stays_ours_for_a_clients_function() -> None:
    """What the engine itself differentiates is not handed over."""
    f = in_a_module(CLIENTS)["f"]
    product = ag.hvp(f)(3.0, 1.0)
    assert isinstance(product, onp.ndarray)
    assert product == 2.0


# --- names ---------------------------------------------------------------------------------------


NAMES = """
deriv grad_and_aux grad_named hessian_tensor_product hessian_vector_product holomorphic_grad
make_ggnvp make_hvp make_jvp make_vjp multigrad_dict tensor_jacobian_product value_and_multigrad
vector_jacobian_product primitive dict isinstance list tuple type builtins core
differential_operators extend numpy tracer util wrap_util
"""


@pytest.mark.parametrize("name", NAMES.split())
def test_their_names_are_offered_at_the_top(name: str) -> None:
    program = f"import autograd; autograd.{name}"
    subprocess.run([sys.executable, "-c", program], check=True)
    assert name not in ag.__all__


def test_other_names_are_missing_as_before() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        ag.nothing  # noqa: B018


def test_boxes_are_tensors() -> None:
    from autograd.builtins import DictBox, SequenceBox, isinstance, type
    from autograd.numpy.numpy_boxes import ArrayBox
    from autograd.tracer import Box, getval, isbox

    t = Tensor([1.0, 2.0])
    assert isinstance(t, ArrayBox)
    assert ArrayBox is Box
    assert isbox(t)
    assert not isbox(t.detach())
    assert not isbox(onp.ones(2))
    assert isinstance(t, onp.ndarray)
    assert isinstance({"a": [t]}, DictBox)
    assert isinstance([t], SequenceBox)
    assert not isinstance({"a": 1.0}, DictBox)
    assert type(Tensor(2.0)) is onp.float64
    assert type(getval(t)) is onp.ndarray
    onp.testing.assert_array_equal(t._value, [1.0, 2.0])  # type: ignore[attr-defined]


def test_numpys_functions_are_numpys_own() -> None:
    assert np.sin is onp.sin  # type: ignore[comparison-overlap]
    assert np.linalg.inv is onp.linalg.inv  # type: ignore[comparison-overlap]
    assert np.fft.rfft is onp.fft.rfft  # type: ignore[comparison-overlap]
    assert np.random.randn == onp.random.randn
    assert np.ndarray is onp.ndarray
    assert np.testing is onp.testing  # what is not in NumPy's `__all__` too
    assert set(onp.__all__) - set(np.__all__) <= {
        name for name in onp.__all__ if type(getattr(onp, name)) is type(onp)
    }
