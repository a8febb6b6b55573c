"""Products: matrices multiplied in tiles that stay in registers.

A tile is a few rows by a few vectors of columns. For each k a vector of each piece of row k of the
right matrix is loaded once and serves all rows of the tile; of the left matrix single numbers are
read, so that it may as well be transposed. Where k runs far, it goes in steps for which that part
of the right matrix stays in the first cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["HIGHEST", "Tiles"]

WIDE = 64  # bytes of vectors of which there are 32, not 16
HIGHEST = 12  # rows of a tile
NEAR = 1 << 15  # bytes of the right matrix that a run along k may take


@dataclass(frozen=True)
class _Panel:
    """Neighbouring columns: where they begin, and how many there are in each vector."""

    start: int
    lanes: tuple[int, ...]


class Tiles:
    """Writes out = x @ w, or some rows of it. `width` is the bytes of a vector."""

    def __init__(self, body: Any, out: Any, x: Any, w: Any, width: int):
        self.body, self.out, self.x, self.w = body, out, x, w
        self.kind = "float" if out.dtype.itemsize == 4 else "double"
        self.count = width // out.dtype.itemsize
        self.vector = f"<{self.count} x {self.kind}>"
        # a quarter of the registers is left for what goes into the sums
        self.vectors, self.sums = (4, 24) if width == WIDE else (2, 12)
        self.panels = list(self._panels(out.shape[1]))
        self.inner = x.shape[1]

    def _panels(self, columns: int) -> Any:
        step = self.vectors * self.count
        for start in range(0, columns, step):
            stop = min(start + step, columns)
            starts = range(start, stop, self.count)
            yield _Panel(start, tuple(min(self.count, stop - s) for s in starts))

    def whole(self) -> None:
        """All rows."""
        rows = self.out.shape[0]
        for panel in self.panels:
            self.step = step = NEAR // (64 * len(panel.lanes))
            if self.inner <= step + step // 2:
                self._all_rows(panel, rows, 0, self.inner, False)
                continue
            self._all_rows(panel, rows, 0, step, False)
            full = self.inner // step * step
            if full > step:
                loop = self.body.loop(str(step), str(full), str(step))
                self._all_rows(panel, rows, loop.index.text, None, True)
                loop.end()
            if full < self.inner:
                self._all_rows(panel, rows, full, self.inner, True)

    def some(self, start: Any, count: int) -> None:
        """Rows from `start`."""
        for panel in self.panels:
            tiles = -(-count // self._high(panel))
            high = -(-count // tiles)
            for row in range(0, count, high):
                first = self._plus(start.text, row)
                self._tile(panel, first, min(high, count - row), 0, self.inner, False)

    def _high(self, panel: _Panel) -> int:
        """How many rows a tile has."""
        return min(self.sums // len(panel.lanes), HIGHEST)

    def _all_rows(self, panel: _Panel, rows: int, start: Any, stop: Any, more: bool) -> None:
        high = self._high(panel)
        full = rows // high * high
        if full:
            loop = self.body.loop("0", str(full), str(high))
            self._tile(panel, loop.index.text, high, start, stop, more)
            loop.end()
        if full < rows:
            self._tile(panel, str(full), rows - full, start, stop, more)

    def _tile(self, panel: _Panel, row: str, rows: int, start: Any, stop: Any, more: bool) -> None:
        """Some rows of a panel, for k from start to stop; more: added to what is there."""
        body, size = self.body, self.out.dtype.itemsize
        out = self._step(self.out.pointer, row, self.out.strides[0], panel.start * size)
        x = self._step(self._step(self.x.pointer, row, self.x.strides[0]), start, self.x.strides[1])
        w = self._step(self.w.pointer, start, self.w.strides[0], panel.start * size)
        count = str(stop - start) if not isinstance(start, str) else str(self.step)
        name = self._function(rows, panel.lanes)
        body.lines.append(
            f"  call void @{name}(ptr {out}, ptr {x}, ptr {w}, i64 {count}, i1 {str(more).lower()})"
        )

    def _function(self, rows: int, lanes: tuple[int, ...]) -> str:
        """A function for tiles of this size, in the module."""
        strides = self.out.strides[0], *self.x.strides, self.w.strides[0]
        name = "_".join(map(str, ["tile", self.kind, rows, *lanes, "by", *strides]))
        if name not in self.body.functions:
            self.body.functions[name] = self._written(name, rows, lanes)
        return name

    def _written(self, name: str, rows: int, lanes: tuple[int, ...]) -> str:
        """The function: rows of out, from as many rows of x and of columns of w as k counts."""
        vector, declared = self.vector, self.body.declared
        of_out, of_w = self.out.strides[0], self.w.strides[0]
        of_x, along_x = self.x.strides
        wide = self.count * self.out.dtype.itemsize
        places = [(r, v) for r in range(rows) for v in range(len(lanes))]
        first, inside, last = [], [], []
        for r, v in places:
            at = f"%out_{r}_{v}"
            first += [
                f"  {at} = getelementptr inbounds i8, ptr %out, i64 {r * of_out + v * wide}",
                f"  %old_{r}_{v} = {self._load(at, lanes[v])}",
                f"  %from_{r}_{v} = select i1 %more, {vector} %old_{r}_{v}, "
                f"{vector} zeroinitializer",
            ]
            inside.append(
                f"  %sum_{r}_{v} = phi {vector} [%from_{r}_{v}, %entry], [%next_{r}_{v}, %loop]"
            )
            last.append(f"  {self._store(at, lanes[v], f'%next_{r}_{v}')}")
        for v, n in enumerate(lanes):
            inside += [f"  %w_{v}_at = getelementptr inbounds i8, ptr %w_k, i64 {v * wide}",
                       f"  %w_{v} = {self._load(f'%w_{v}_at', n)}"]  # fmt: skip
        for r in range(rows):
            inside += [
                f"  %x_{r}_at = getelementptr inbounds i8, ptr %x_k, i64 {r * of_x}",
                f"  %x_{r} = load {self.kind}, ptr %x_{r}_at, align 1",
                f"  %one_{r} = insertelement {vector} poison, {self.kind} %x_{r}, i64 0",
                f"  %all_{r} = shufflevector {vector} %one_{r}, {vector} poison, "
                f"<{self.count} x i32> zeroinitializer",
            ]
            inside += [
                f"  %next_{r}_{v} = call {vector} @llvm.fma.{self._name}({vector} %all_{r}, "
                f"{vector} %w_{v}, {vector} %sum_{r}_{v})"
                for v in range(len(lanes))
            ]
        declared.add(f"{vector} @llvm.fma.{self._name}({', '.join([vector] * 3)})")
        lines = [
            f"define internal void @{name}(ptr noalias %out, ptr %x, ptr %w, i64 %count, i1 %more) "
            "noinline nounwind #0 {",
            "entry:", *first, "  br label %loop",
            "loop:",
            "  %k = phi i64 [0, %entry], [%k_next, %loop]",
            "  %x_k = phi ptr [%x, %entry], [%x_next, %loop]",
            "  %w_k = phi ptr [%w, %entry], [%w_next, %loop]",
            *sorted(inside, key=lambda line: " phi " not in line),
            "  %k_next = add nuw nsw i64 %k, 1",
            f"  %x_next = getelementptr inbounds i8, ptr %x_k, i64 {along_x}",
            f"  %w_next = getelementptr inbounds i8, ptr %w_k, i64 {of_w}",
            "  %again = icmp slt i64 %k_next, %count",
            "  br i1 %again, label %loop, label %done, !llvm.loop !0",
            "done:", *last, "  ret void", "}", "",
        ]  # fmt: skip
        return "\n".join(lines)

    @property
    def _name(self) -> str:
        return f"v{self.count}f{32 if self.kind == 'float' else 64}"

    def _plus(self, row: str, r: int) -> str:
        if row.isdigit():
            return str(int(row) + r)
        return str(self.body.emit("i64", f"add nsw i64 {row}, {r}").text) if r else row

    def _step(self, pointer: str, index: Any, stride: int, more: int = 0) -> str:
        """A pointer that is moved by so many strides, and some bytes."""
        emit, index = self.body.emit, str(index)
        if index.isdigit():
            at = str(int(index) * stride + more)
        else:
            at = emit("i64", f"mul nsw i64 {index}, {stride}").text
            at = emit("i64", f"add nsw i64 {at}, {more}").text if more else at
        if at == "0":
            return pointer
        return str(emit("ptr", f"getelementptr inbounds i8, ptr {pointer}, i64 {at}").text)

    def _mask(self, lanes: int) -> str:
        bits = ", ".join(f"i1 {'true' if k < lanes else 'false'}" for k in range(self.count))
        return f"<{self.count} x i1> <{bits}>"

    def _load(self, pointer: str, lanes: int) -> str:
        vector = self.vector
        if lanes == self.count:
            return f"load {vector}, ptr {pointer}, align 1"
        name, mask = f"@llvm.masked.load.{self._name}.p0", f"<{self.count} x i1>"
        self.body.declared.add(f"{vector} {name}(ptr, {mask}, {vector})")
        given = f"ptr align 1 {pointer}, {self._mask(lanes)}, {vector} zeroinitializer"
        return f"call {vector} {name}({given})"

    def _store(self, pointer: str, lanes: int, value: str) -> str:
        vector = self.vector
        if lanes == self.count:
            return f"store {vector} {value}, ptr {pointer}, align 1"
        name, mask = f"@llvm.masked.store.{self._name}.p0", f"<{self.count} x i1>"
        self.body.declared.add(f"void {name}({vector}, ptr, {mask})")
        given = f"{vector} {value}, ptr align 1 {pointer}, {self._mask(lanes)}"
        return f"call void {name}({given})"
