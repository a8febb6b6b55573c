"""Variables under which NumPy computes as on a processor without AVX-512: `NAME=value` a line.

Sums are added in another order there, so results differ in the last digits. What there is to
switch off depends on NumPy's version and on this machine; a name that NumPy does not know or does
not use here would be a warning, so it is asked. On a processor that has nothing of it, and on those
of other families, no line is written.
"""

import platform

import numpy as np

found = np.show_config(mode="dicts").get("SIMD Extensions", {}).get("found", [])
wide = [name for name in found if name.startswith("AVX512") or name == "X86_V4"]
if platform.machine().lower() in ("x86_64", "amd64"):
    print("OPENBLAS_CORETYPE=Haswell")
if wide:
    print(f"NPY_DISABLE_CPU_FEATURES={' '.join(wide)}")
