"""A downsampling block: twice partial convolution, GroupNorm and leaky ReLU, the second time with stride 2.

On a CPU the block runs by chunks of the batch, forward and backward in one go, so that what lies between the two
convolutions never leaves the cache: written out for hundreds of crops it would be the largest array of the training, and
handing such blocks of memory back and forth to the system costs as much as arithmetic.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.sprites.paper.partial import (
    KERNEL,
    Lines,
    blank_padding,
    lines_after,
    partial_conv,
    scale_around_bias,
    scale_lines,
    without_padding,
)

SLOPE, GROUPS, EPSILON = 0.01, 8, 1e-5
# Numbers that a convolution writes for a chunk: small enough for the cache and for the heap.
CHUNK_NUMBERS = 1_000_000


class DownBlock(nn.Module):
    """Halve the resolution.

    Parameters
    ----------
    inputs, outputs : int
        Channels; outputs divisible by 8.

    References
    ----------
    MarioNette, section 2.2 and figure 3.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, KERNEL, padding=1)
        self.conv2 = nn.Conv2d(outputs, outputs, KERNEL, stride=2, padding=1)
        self.norm1 = nn.GroupNorm(GROUPS, outputs, eps=EPSILON)
        self.norm2 = nn.GroupNorm(GROUPS, outputs, eps=EPSILON)

    def forward(self, x: Tensor, valid: tuple[int, int]) -> tuple[Tensor, tuple[int, int]]:
        """Run the block.

        Parameters
        ----------
        x : Tensor, shape (n, inputs, rows, cols)
        valid : (int, int)
            Rows and columns that are no padding.

        Returns
        -------
        Tensor, shape (n, outputs, ceil(rows / 2), ceil(cols / 2))
        (int, int)
            Rows and columns of it that are no padding.
        """
        return self._by_chunks(x, valid) if x.device.type == "cpu" else self.plain(x, valid)

    def plain(self, x: Tensor, valid: tuple[int, int]) -> tuple[Tensor, tuple[int, int]]:
        """Run the block by the operations of torch alone, the whole batch at once; see :meth:`forward`."""
        for conv, norm in ((self.conv1, self.norm1), (self.conv2, self.norm2)):
            raw, valid = partial_conv(x, conv, valid)
            x = functional.leaky_relu(norm(raw), SLOPE)
        return x, valid

    def _by_chunks(self, x: Tensor, valid: tuple[int, int]) -> tuple[Tensor, tuple[int, int]]:
        first = tuple(lines_after(n, v, 1) for n, v in zip(x.shape[2:], valid, strict=True))
        second = tuple(lines_after(axis.length, axis.valid, 2) for axis in first)
        stages = ((self.conv1, self.norm1), (self.conv2, self.norm2))
        given = [t for conv, norm in stages for t in (conv.weight, conv.bias, norm.weight, norm.bias)]
        out = _Chunked.apply(without_padding(x, valid), (first, second), *given)  # type: ignore[no-untyped-call]
        return out, (second[0].valid, second[1].valid)


class _Chunked(torch.autograd.Function):
    """Forward and backward of a block by chunks; the precision is that of autocast."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, lines: Any, *given: Tensor) -> Tensor:
        dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype
        low = x.to(dtype).contiguous(memory_format=torch.channels_last)
        n, rows, cols = len(x), lines[1][0].length, lines[1][1].length
        shape = (n, given[4].shape[0], rows, cols)
        made = torch.empty(shape, dtype=dtype, memory_format=torch.channels_last)
        first, second = _Stage(given[:4], lines[0], 1, dtype), _Stage(given[4:], lines[1], 2, dtype)
        # With few channels the first convolution is cheaper done again than kept.
        kept, anew = [], x.shape[1] < GROUPS
        with torch.autocast("cpu", enabled=False):
            for place in _chunks(low, shape[1]):
                raw1 = first.convolve(low[place])
                between = first.activate(raw1)[0]
                blank_padding(between, first.valid)
                raw2 = second.convolve(between)
                made[place] = second.activate(raw2)[0]
                kept.append((place, None if anew else raw1, raw2))
        ctx.lines, ctx.kept, ctx.dtype = lines, kept, x.dtype
        ctx.save_for_backward(low, made, *given)
        return made

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        low, made, *given = ctx.saved_tensors
        need_x = ctx.needs_input_grad[0]
        first, second = _Stage(given[:4], ctx.lines[0], 1, low.dtype), _Stage(given[4:], ctx.lines[1], 2, low.dtype)
        back = torch.empty_like(low, memory_format=torch.channels_last) if need_x else None
        grad = grads[0].contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", enabled=False):
            for place, raw1, raw2 in ctx.kept:
                raw1 = first.convolve(low[place]) if raw1 is None else raw1
                between, *moments = first.activate(raw1)
                blank_padding(between, first.valid)
                of_between = second.backward(grad[place], between, raw2, made[place], None, True)
                blank_padding(of_between, first.valid)
                of_x = first.backward(of_between, low[place], raw1, between, moments, need_x)
                if back is not None:
                    back[place] = of_x
        of_x = None if back is None else back.to(ctx.dtype)
        return of_x, None, *first.totals, *second.totals


class _Stage:
    """Convolution, gain, GroupNorm and leaky ReLU of a chunk, and the gradients gathered over the chunks."""

    def __init__(self, given: Any, lines: tuple[Lines, Lines], stride: int, dtype: torch.dtype) -> None:
        self.given, self.lines, self.stride = given, lines, stride
        self.valid = lines[0].valid, lines[1].valid
        self.weight, self.bias = given[0].to(dtype), given[1].to(dtype)
        self.totals: list[Tensor] = []

    def convolve(self, x: Tensor) -> Tensor:
        raw = functional.conv2d(x, self.weight, self.bias, self.stride, padding=1)
        scale_around_bias(raw, self.bias, self.lines)
        return raw

    def activate(self, raw: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        n, c = raw.shape[:2]
        scale, shift = self.given[2:]
        out, mean, inverse = torch.native_group_norm(raw, scale, shift, n, c, raw[0, 0].numel(), GROUPS, EPSILON)
        return functional.leaky_relu_(out, SLOPE), mean, inverse

    def backward(self, grad: Tensor, x: Tensor, raw: Tensor, out: Tensor, moments: Any, need_x: bool) -> Any:
        n, c = raw.shape[:2]
        mean, inverse = moments or self.activate(raw)[1:]
        grad = torch.ops.aten.leaky_relu_backward(grad, out, SLOPE, True)
        grad, of_scale, of_shift = torch.ops.aten.native_group_norm_backward(
            grad, raw, mean, inverse, self.given[2], n, c, raw[0, 0].numel(), GROUPS, [True] * 3
        )
        valid = grad[:, :, : self.valid[0], : self.valid[1]]
        of_bias = valid.sum((0, 2, 3), dtype=torch.promote_types(grad.dtype, torch.float32))
        scale_lines(grad, self.lines)
        stride = [self.stride] * 2
        of_x, of_weight, _ = torch.ops.aten.convolution_backward(
            grad, x, self.weight, None, stride, [1, 1], [1, 1], False, [0, 0], 1, [need_x, True, False]
        )
        parts = [part.to(t.dtype) for part, t in zip((of_weight, of_bias, of_scale, of_shift), self.given, strict=True)]
        self.totals = [a + b for a, b in zip(self.totals, parts, strict=True)] if self.totals else parts
        return of_x


def _chunks(x: Tensor, outputs: int) -> list[slice]:
    size = max(1, CHUNK_NUMBERS // (outputs * x.shape[2] * x.shape[3]))
    return [slice(first, min(first + size, len(x))) for first in range(0, len(x), size)]
