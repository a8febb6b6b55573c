"""Convolution in blocks, with and without the columns of the forward pass: always the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd import Tensor
from autograd.fast import images

rng = generator(12)
CONVOLUTIONS: list[dict[str, Any]] = [
    {},
    {"stride": 2},
    {"padding": (2, 1)},
    {"dilation": (1, 2), "padding": 1},
    {"groups": 2},
    {"stride": (2, 1), "padding": 1, "dilation": 2, "groups": 2},
]


@pytest.mark.parametrize("options", CONVOLUTIONS, ids=str)
def test_in_blocks_and_without_kept_columns_it_is_the_same(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    channels = 4 // options.get("groups", 1)
    x, b = rng.normal(size=(5, 4, 7, 6)), rng.normal(size=6)
    w = rng.normal(size=(6, channels, 3, 2))

    def gradients() -> list[Any]:
        tensors = [Tensor(v) for v in (x, w, b)]
        out = ag.conv2d(*tensors, **options)
        out.backward(np.cos(np.arange(out.size)).reshape(out.shape))
        return [out.numpy(), *[t.grad for t in tensors]]

    whole = gradients()
    for block, keep in ((1 << 21, 0), (1, 0), (1, 1 << 23), (20_000, 0)):
        monkeypatch.setattr(images, "BLOCK", block)
        monkeypatch.setattr(images, "KEEP", keep)
        for a, e in zip(gradients(), whole, strict=True):
            assert_close(a, e)
