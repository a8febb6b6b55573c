"""Ways to go stale: what a function reads from outside changes between calls. See `stale.py`."""

WAYS = r"""
## outside: names
=== global-float
K = 2.0
def f(x): return x * K
--- then
K = 5.0
=== global-int
K = 2
def f(x): return x ** K
--- then
K = 3
=== global-int-becomes-an-equal-float
K = 2
def f(x): return x * (10 if type(K) is int else 20)
--- then
K = 2.0
=== global-one-becomes-true
K = 1
def f(x): return x * (2 if K is True else 3)
--- then
K = True
=== global-sign-of-zero
K = 0.0
def f(x): return np.abs(x) * K
--- then
K = -0.0
=== global-becomes-nan
K = 1.0
def f(x): return x * K
--- then
K = float("nan")
--- then
K = 3.0
=== global-string
K = "mean"
def f(x): return getattr(np, K)(x)
--- then
K = "sum"
=== global-none
K = None
def f(x): return x if K is None else x * K
--- then
K = 7.0
--- then
K = None
=== global-becomes-unfit
K = 2.0
def f(x): return x * K
--- then
K = None
=== global-deleted
K = 2.0
def f(x): return x * (K if "K" in globals() else 1.0)
--- then
del K
=== global-deleted-and-missed
K = 2.0
def f(x): return x * K
--- then
del K
=== global-hides-a-builtin
def f(x): return x * abs(-3)
--- then
def abs(x): return 7.0
=== builtin-comes-out-again
def abs(x): return 7.0
def f(x): return x * abs(-3)
--- then
del abs
=== builtin-planted
import builtins
builtins.PLANTED = 2.0
def f(x): return x * PLANTED
--- calls
try:
    see(c(X), c(Y))
    builtins.PLANTED = 5.0
    see(c(X), c(Y))
finally:
    del builtins.PLANTED
=== global-tuple
K = (2.0, 3.0)
def f(x): return x * K[0] + K[1]
--- then
K = (2.0, 4.0)
=== global-frozenset
K = frozenset("ab")
def f(x): return x * len(K)
--- then
K = frozenset("abc")
=== global-slice
K = slice(0, 2)
def f(x): return x[K] * 2
--- then
K = slice(1, 3)
=== global-range
K = range(2)
def f(x): return sum(x * k for k in K)
--- then
K = range(4)
=== global-bytes
K = b"ab"
def f(x): return x * K[0]
--- then
K = b"cd"
=== global-complex
K = 3 + 4j
def f(x): return x * abs(K)
--- then
K = 5 + 12j
=== global-numpy-kind
K = np.float64(2)
def f(x): return x.astype(np.float32) * K
--- then
K = np.float32(2)
=== global-dtype
D = np.float32
def f(x): return x.astype(D) * 2
--- then
D = np.float64
=== global-dtype-object
D = np.dtype("f4")
def f(x): return np.zeros(3, D) + np.float32(2) * x.astype(D)
--- then
D = np.dtype("f8")
=== global-shape
S = (3, 1)
def f(x): return np.reshape(x, S) * 2
--- then
S = (1, 3)
=== global-axis
A = 0
def f(x): return np.sum(x[None] * 2, axis=A)
--- then
A = 1
=== global-permutation
A = [0, 1]
def f(x): return np.transpose(x[None], A) * 2
--- then
A[:] = [1, 0]
=== global-decimal
import decimal
K = decimal.Decimal("2.5")
def f(x): return x * float(K)
--- then
K = decimal.Decimal("3.5")
=== global-fraction
import fractions
K = fractions.Fraction(1, 3)
def f(x): return x * float(K)
--- then
K = fractions.Fraction(2, 3)
=== global-date
import datetime
K = datetime.date(2020, 1, 1)
def f(x): return x * K.year
--- then
K = datetime.date(2021, 1, 1)
=== global-path
K = folder / "a"
def f(x): return x * len(K.name)
--- then
K = folder / "abc"
=== global-type
T = float
def f(x): return x * (2 if T is float else 3)
--- then
T = int
=== globals-by-name
K = 2.0
def f(x): return x * globals()["K"]
--- then
K = 5.0
=== global-by-eval
K = 2.0
def f(x): return x * eval("K")
--- then
K = 5.0
=== global-written-by-globals
K = 2.0
def f(x): return x * K
--- then
globals().update(K=5.0)
=== closure
def make():
    k = 2.0
    def f(x): return x * k
    def put(v):
        nonlocal k
        k = v
    return f, put
f, put = make()
--- then
put(5.0)
=== closure-cell-written
def make(k): return lambda x: x * k
f = make(2.0)
--- then
f.__closure__[0].cell_contents = 5.0
=== closure-two-deep
def make():
    k = 2.0
    def outer():
        def f(x): return x * k
        return f
    def put(v):
        nonlocal k
        k = v
    return outer(), put
f, put = make()
--- then
put(5.0)
=== closure-of-a-helper
def make():
    k = 2.0
    def g(x): return x * k
    def put(v):
        nonlocal k
        k = v
    return g, put
g, put = make()
def f(x): return g(x)
--- then
put(5.0)
=== closure-empty-then-filled
def make():
    def f(x):
        try: return x * k
        except NameError: return x
    def put(v):
        nonlocal k
        k = v
    if False: k = 0
    return f, put
f, put = make()
--- then
put(5.0)
=== closure-loop-variable
fs = [lambda x: x * k for k in (2.0, 3.0)]
f = fs[0]
--- then
f.__closure__[0].cell_contents = 4.0
=== default
def f(x, k=2.0): return x * k
--- then
f.__defaults__ = (5.0,)
=== default-of-a-helper
def g(x, k=2.0): return x * k
def f(x): return g(x)
--- then
g.__defaults__ = (5.0,)
=== keyword-default
def g(x, *, k=2.0): return x * k
def f(x): return g(x)
--- then
g.__kwdefaults__["k"] = 5.0
=== keyword-defaults-replaced
def g(x, *, k=2.0): return x * k
def f(x): return g(x)
--- then
g.__kwdefaults__ = {"k": 5.0}
=== default-list
def f(x, k=[2.0]): return x * k[0]
--- then
f.__defaults__[0][0] = 5.0
=== default-dict-of-a-helper
def g(x, k={"a": 2.0}): return x * k["a"]
def f(x): return g(x)
--- then
g.__defaults__[0]["a"] = 5.0
=== default-object
o = O(); o.k = 2.0
def f(x, o=o): return x * o.k
--- then
o.k = 5.0
=== context-variable
v = contextvars.ContextVar("v", default=2.0)
def f(x): return x * v.get()
--- then
v.set(5.0)
=== context-variable-reset
v = contextvars.ContextVar("v", default=2.0)
token = v.set(3.0)
def f(x): return x * v.get()
--- then
v.reset(token)
=== context-variable-holds-a-list
v = contextvars.ContextVar("v")
v.set([2.0])
def f(x): return x * v.get()[0]
--- then
v.get()[0] = 5.0
=== environment
os.environ["GATEGRAD_K"] = "2"
def f(x): return x * float(os.environ["GATEGRAD_K"])
--- then
os.environ["GATEGRAD_K"] = "5"
=== environment-getenv
def f(x): return x * float(os.getenv("GATEGRAD_K", "2"))
--- then
os.environ["GATEGRAD_K"] = "5"
=== thread-local
import threading
t = threading.local()
t.k = 2.0
def f(x): return x * t.k
--- then
t.k = 5.0
## outside: functions
=== helper-replaced
def g(x): return x * 2
def f(x): return g(x)
--- then
def g(x): return x * 3
=== helper-replaced-by-one-that-looks-the-same
g = (lambda k: lambda x: x * k)(2.0)
def f(x): return g(x)
--- then
g = (lambda k: lambda x: x * k)(3.0)
=== helper-of-a-helper-replaced
def h(x): return x * 2
def g(x): return h(x)
def f(x): return g(x)
--- then
def h(x): return x * 3
=== helper-code-replaced
def g(x): return x * 2
def h(x): return x * 3
def f(x): return g(x)
--- then
g.__code__ = h.__code__
=== own-code-replaced
def h(x): return x * 3
def f(x): return x * 2
--- then
f.__code__ = h.__code__
=== helper-becomes-a-ufunc
act = lambda x: x * 2
def f(x): return act(x)
--- then
act = np.tanh
=== ufunc-replaced
act = np.tanh
def f(x): return act(x)
--- then
act = np.exp
=== global-of-a-helper
K = 2.0
def g(x): return x * K
def f(x): return g(x)
--- then
K = 5.0
=== global-of-an-inner-function
K = 2.0
def f(x):
    def g(): return x * K
    return g()
--- then
K = 5.0
=== global-of-a-comprehension
K = 2.0
def f(x): return sum([x * K for _ in range(2)])
--- then
K = 5.0
=== global-of-a-class-body-inside
K = 2.0
def f(x):
    class Local: k = K
    return x * Local.k
--- then
K = 5.0
=== global-of-a-lambda-in-a-list
K = 2.0
gs = [lambda x: x * K]
def f(x): return gs[0](x)
--- then
K = 5.0
=== global-of-a-lambda-in-a-default
K = 2.0
def f(x, g=lambda: K): return x * g()
--- then
K = 5.0
=== attribute-of-a-function
def f(x): return x * f.k
f.k = 2.0
--- then
f.k = 5.0
=== attribute-of-a-helper
def g(x): return x * g.k
g.k = 2.0
def f(x): return g(x)
--- then
g.k = 5.0
=== decorator-reads-a-global
K = 2.0
def deco(g):
    @functools.wraps(g)
    def inner(x): return g(x) * K
    return inner
@deco
def f(x): return x + 1
--- then
K = 5.0
=== decorated-reads-a-global
K = 2.0
def deco(g):
    @functools.wraps(g)
    def inner(x): return g(x) + 1
    return inner
@deco
def f(x): return x * K
--- then
K = 5.0
=== partial-of-a-list
o = [2.0]
def g(o, x): return x * o[0]
f = functools.partial(g, o)
--- then
o[0] = 5.0
=== partial-keywords
def g(x, k): return x * k
f = functools.partial(g, k=2.0)
--- then
f.keywords["k"] = 5.0
=== partial-replaced
def g(k, x): return x * k
h = functools.partial(g, 2.0)
def f(x): return h(x)
--- then
h = functools.partial(g, 3.0)
=== partial-set-state
def g(k, x): return x * k
h = functools.partial(g, 2.0)
def f(x): return h(x)
--- then
h.__setstate__((g, (5.0,), {}, {}))
=== partial-method
class M:
    def g(self, k, x): return x * k * self.j
    h = functools.partialmethod(g, 2.0)
    j = 1.0
m = M()
def f(x): return m.h(x)
--- then
M.h = functools.partialmethod(M.g, 5.0)
=== cache-cleared
K = 2.0
@functools.lru_cache
def g(): return K
def f(x): return x * g()
--- then
K = 5.0
--- then
g.cache_clear()
=== cached-on-an-argument
K = {"a": 2.0}
@functools.cache
def g(name): return K[name]
def f(x): return x * g("a")
--- then
K["a"] = 5.0; g.cache_clear()
=== cache-holds-a-list
@functools.cache
def g(): return [2.0]
def f(x): return x * g()[0]
--- then
g()[0] = 5.0
=== single-dispatch-registered
@functools.singledispatch
def g(n): return 2.0
def f(x): return x * g(3)
--- then
g.register(int, lambda n: 5.0)
=== item-getter
get = operator.itemgetter("k")
d = {"k": 2.0}
def f(x): return x * get(d)
--- then
d["k"] = 5.0
=== attribute-getter
get = operator.attrgetter("a.k")
o = O(); o.a = O(); o.a.k = 2.0
def f(x): return x * get(o)
--- then
o.a.k = 5.0
=== method-caller
call = operator.methodcaller("g", 3)
class M:
    def g(self, n): return self.j * n
o = M(); o.j = 2.0
def f(x): return x * call(o)
--- then
o.j = 5.0
=== bound-method-held
class M:
    def g(self): return self.k
o = M(); o.k = 2.0
g = o.g
def f(x): return x * g()
--- then
o.k = 5.0
=== method-of-a-dict-held
d = {"k": 2.0}
get = d.get
def f(x): return x * get("k")
--- then
d["k"] = 5.0
=== mapped-over
K = [2.0]
def f(x): return sum(map(lambda k: x * k, K))
--- then
K.append(3.0)
=== reduced-over
K = [2.0, 3.0]
def f(x): return functools.reduce(lambda a, k: a * k, K, x)
--- then
K[1] = 5.0
=== sorted-with-a-key
K = {"a": 1, "b": 2}
def f(x): return x * sorted([3.0, 4.0], key=lambda v: v * K["a"])[0]
--- then
K["a"] = -1
=== context-manager
K = 2.0
@contextlib.contextmanager
def manager(): yield K
def f(x):
    with manager() as k: return x * k
--- then
K = 5.0
=== generator-function
K = [2.0, 3.0]
def g():
    for k in K: yield k
def f(x): return sum(x * k for k in g())
--- then
K[1] = 5.0
=== recursion
K = 2.0
def g(x, n): return x if n == 0 else g(x * K, n - 1)
def f(x): return g(x, 3)
--- then
K = 5.0
=== under-grad
K = 2.0
f = ag.grad(lambda x: np.sum(K * x * x))
--- then
K = 5.0
=== grad-of-a-method
class M:
    def loss(self, w): return self.lam * np.sum(w * w)
m = M(); m.lam = 0.1
f = ag.grad(m.loss)
--- then
m.lam = 10.0
=== compiled-helper
K = 2.0
@ag.compile
def g(x): return x * K
def f(x): return g(x)
--- then
K = 5.0
=== vectorized-helper
K = 2.0
v = np.vectorize(lambda n: n * K)
def f(x): return x * v(np.ones(3))
--- then
K = 5.0
=== apply-along-axis-of-constants
K = 2.0
A = np.ones((2, 3))
def f(x): return x * np.apply_along_axis(lambda row: row.sum() * K, 0, A)
--- then
K = 5.0
=== beside-a-fresh-value
K = [2.0]
def f(x): return x * K[0] + ag.fresh(lambda: np.full(3, K[0]))
--- then
K[0] = 5.0
=== fresh-function-replaced
def draw(): return np.full(3, 2.0)
def f(x): return x + ag.fresh(draw)
--- then
def draw(): return np.full(3, 5.0)
=== fresh-argument
K = 2.0
def f(x): return x + ag.fresh(np.full, 3, K)
--- then
K = 5.0
=== monkeypatched-numpy
def f(x): return np.tanh(x)
--- calls
tanh = np.tanh
try:
    see(c(X))
    np.tanh = np.exp
    see(c(X))
finally:
    np.tanh = tanh
see(c(X))
=== monkeypatched-library
def f(x): return ag.relu(x)
--- calls
relu = ag.relu
try:
    see(c(X))
    ag.relu = np.exp
    see(c(X))
finally:
    ag.relu = relu
see(c(X))
=== monkeypatched-math
def f(x): return x * math.sqrt(4.0)
--- calls
sqrt = math.sqrt
try:
    see(c(X))
    math.sqrt = lambda x: 7.0
    see(c(X))
finally:
    math.sqrt = sqrt
see(c(X))
## outside: objects
=== attribute
o = O(); o.k = 2.0
def f(x): return x * o.k
--- then
o.k = 5.0
=== attribute-private
o = O(); o._k = 2.0
def f(x): return x * o._k
--- then
o._k = 5.0
=== attribute-mangled
class M:
    def __init__(self): self.__k = 2.0
    def __call__(self, x): return x * self.__k
f = M()
--- then
f._M__k = 5.0
=== attribute-of-an-attribute
o = O(); o.o = O(); o.o.k = 2.0
def f(x): return x * o.o.k
--- then
o.o.k = 5.0
=== object-replaced
o = O(); o.k = 2.0
def f(x): return x * o.k
--- then
o = O(); o.k = 5.0
=== object-on-the-way-replaced
o = O(); o.o = O(); o.o.k = 2.0
def f(x): return x * o.o.k
--- then
o.o = O(); o.o.k = 5.0
=== object-on-the-way-replaced-then-old-one-changed
o = O(); o.o = old = O(); o.o.k = 2.0
def f(x): return x * o.o.k
--- then
o.o = O(); o.o.k = 2.0
--- then
o.o.k = 7.0; old.k = 9.0
=== object-given-back
o = a = O(); a.k = 2.0
b = O(); b.k = 3.0
def f(x): return x * o.k
--- then
o = b
--- then
o = a; a.k = 4.0
=== object-replaced-at-the-same-address
o = O(); o.k = 2.0
def f(x): return x * o.k
--- then
del o
o = O(); o.k = 5.0
=== attribute-new-hides-the-class
class M: k = 2.0
o = M()
def f(x): return x * o.k
--- then
o.k = 5.0
--- then
del o.k
=== attribute-maybe
o = O()
def f(x): return x * getattr(o, "k", 2.0)
--- then
o.k = 5.0
=== attribute-has
o = O()
def f(x): return x * 3 if hasattr(o, "k") else x
--- then
o.k = None
=== attribute-by-a-name-worked-out
o = O(); o.k1 = 2.0
def f(x): return x * getattr(o, f"k{1}")
--- then
o.k1 = 5.0
=== attribute-by-vars
o = O(); o.k = 2.0
def f(x): return x * sum(vars(o).values())
--- then
o.j = 5.0
=== dict-of-an-object-replaced
o = O(); o.k = 2.0
def f(x): return x * o.k
--- then
o.__dict__ = {"k": 5.0}
=== object-attribute-set-past-its-guard
@dataclasses.dataclass(frozen=True)
class C: lr: float = 2.0
o = C()
def f(x): return x * o.lr
--- then
object.__setattr__(o, "lr", 5.0)
=== slots
class M: __slots__ = ("k",)
o = M(); o.k = 2.0
def f(x): return x * o.k
--- then
o.k = 5.0
=== slot-of-a-base
class A: __slots__ = ("_k",)
class B(A): __slots__ = ("j",)
o = B(); o._k = 2.0
def f(x): return x * o._k
--- then
o._k = 5.0
=== slot-deleted
class M: __slots__ = ("k",)
o = M(); o.k = 2.0
def f(x): return x * getattr(o, "k", 7.0)
--- then
del o.k
=== dataclass
@dataclasses.dataclass
class C: lr: float = 2.0
o = C()
def f(x): return x * o.lr
--- then
o.lr = 5.0
=== dataclass-replaced
@dataclasses.dataclass(frozen=True)
class C: lr: float = 2.0
o = C()
def f(x): return x * o.lr
--- then
o = dataclasses.replace(o, lr=5.0)
=== dataclass-as-dict
@dataclasses.dataclass
class C:
    a: float = 2.0
    b: float = 3.0
o = C()
def f(x): return x * sum(dataclasses.asdict(o).values())
--- then
o.b = 5.0
=== named-tuple
P = collections.namedtuple("P", "k j")
p = P(2.0, 3.0)
def f(x): return x * p.k
--- then
p = p._replace(k=5.0)
=== named-tuple-with-a-list
P = collections.namedtuple("P", "k")
p = P([2.0])
def f(x): return x * p.k[0]
--- then
p.k[0] = 5.0
=== namespace
o = types.SimpleNamespace(lr=2.0)
def f(x): return x * o.lr
--- then
o.lr = 5.0
=== enum-member
class E(enum.Enum):
    A = 2.0
    B = 5.0
e = E.A
def f(x): return x * e.value
--- then
e = E.B
=== enum-flag
class E(enum.Flag):
    A = enum.auto()
    B = enum.auto()
e = E.A
def f(x): return x * (3 if E.B in e else 2)
--- then
e = E.A | E.B
=== property
class M:
    @property
    def k(self): return self._k * 2
o = M(); o._k = 1.0
def f(x): return x * o.k
--- then
o._k = 5.0
=== property-reads-a-global
K = 2.0
class M:
    @property
    def k(self): return K
o = M()
def f(x): return x * o.k
--- then
K = 5.0
=== property-replaced
class M:
    k = property(lambda self: 2.0)
o = M()
def f(x): return x * o.k
--- then
M.k = property(lambda self: 5.0)
=== cached-property-deleted
K = 2.0
class M:
    @functools.cached_property
    def k(self): return K
o = M()
def f(x): return x * o.k
--- then
K = 5.0
--- then
del o.k
=== getattr-of-the-class
class M:
    def __init__(self): self.d = {"k": 2.0}
    def __getattr__(self, name): return self.d[name]
o = M()
def f(x): return x * o.k
--- then
o.d["k"] = 5.0
=== getattribute-of-the-class
D = {"k": 2.0}
class M:
    def __getattribute__(self, name): return D[name]
o = M()
def f(x): return x * o.k
--- then
D["k"] = 5.0
=== descriptor
class D:
    k = 2.0
    def __get__(self, o, t): return self.k
class M: k = D()
o = M()
def f(x): return x * o.k
--- then
D.k = 5.0
=== descriptor-with-state-by-instance
class D:
    def __init__(self): self.of = weakref.WeakKeyDictionary()
    def __get__(self, o, t): return self.of.get(o, 2.0)
    def __set__(self, o, v): self.of[o] = v
class M: k = D()
o = M()
def f(x): return x * o.k
--- then
o.k = 5.0
=== operators-of-an-object
class M:
    def __init__(self): self.ks = [2.0, 3.0]
    def __len__(self): return len(self.ks)
    def __iter__(self): return iter(self.ks)
    def __getitem__(self, k): return self.ks[k]
o = M()
def f(x): return x * len(o) + sum(o) + o[0]
--- then
o.ks[0] = 5.0
--- then
o.ks.append(1.0)
=== truth-of-an-object
class M:
    on = True
    def __bool__(self): return self.on
o = M()
def f(x): return x * 2 if o else x * 3
--- then
o.on = False
=== number-of-an-object
class M:
    k = 2
    def __index__(self): return self.k
    def __float__(self): return float(self.k)
o = M()
def f(x): return x * float(o) + operator.index(o)
--- then
o.k = 5
=== contains-of-an-object
class M:
    s = (1,)
    def __contains__(self, v): return v in self.s
o = M()
def f(x): return x * (2 if 3 in o else 4)
--- then
o.s = (1, 3)
=== comparison-of-an-object
class M:
    k = 1
    def __eq__(self, other): return self.k == other
    __hash__ = None
o = M()
def f(x): return x * (2 if o == 1 else 4)
--- then
o.k = 7
=== array-of-an-object
class M:
    def __init__(self): self.a = np.ones(3)
    def __array__(self, dtype=None, copy=None): return self.a
o = M()
def f(x): return x * np.asarray(o)
--- then
o.a = np.full(3, 5.0)
=== text-of-an-object
class M:
    name = "ab"
    def __str__(self): return self.name
o = M()
def f(x): return x * len(f"{o}")
--- then
o.name = "abcd"
=== enter-of-an-object
class M:
    k = 2.0
    def __enter__(self): return self.k
    def __exit__(self, *_): pass
o = M()
def f(x):
    with o as k: return x * k
--- then
o.k = 5.0
=== callable-object
class M:
    k = 2.0
    def __call__(self, x): return x * self.k
m = M()
def f(x): return m(x)
--- then
m.k = 5.0
=== matched-object
o = O(); o.k = 2.0
def f(x):
    match o:
        case O(k=k): return x * k
--- then
o.k = 5.0
=== weak-reference
o = O(); o.k = 2.0
r = weakref.ref(o)
def f(x): return x * r().k
--- then
o.k = 5.0
=== weak-reference-dies
o = O()
r = weakref.ref(o)
def f(x): return x * (2 if r() is not None else 3)
--- then
del o
=== identity-of-an-object
a = b = O()
def f(x): return x * (2 if a is b else 3)
--- then
b = O()
=== object-with-dead-equality
class M:
    def __init__(self, k): self.k = k
    def __eq__(self, other): return True
    def __hash__(self): return 0
o = M(2.0)
def f(x): return x * o.k
--- then
o = M(5.0)
=== object-among-the-arguments
class S: k = 2.0
s = S()
def f(x, s): return x * s.k
--- calls
see(c(X, s), c(Y, s))
s.k = 5.0
see(c(X, s), c(Y, s))
=== list-among-the-arguments
def f(x, s): return x * s[0]
--- calls
s = [2, 3]
see(c(X, s), c(Y, s))
s[0] = 5
see(c(X, s), c(Y, s))
=== function-among-the-arguments
def f(x, g): return g(x)
--- calls
K = 2.0
g = lambda x: x * K
see(c(X, g), c(Y, g))
K = 5.0
see(c(X, g), c(Y, g))
g = lambda x: x * 7
see(c(X, g), c(Y, g))
## outside: classes
=== class-attribute
class M: k = 2.0
def f(x): return x * M.k
--- then
M.k = 5.0
=== class-attribute-of-an-object
class M: k = 2.0
o = M()
def f(x): return x * o.k
--- then
M.k = 5.0
=== class-attribute-inherited
class A: k = 2.0
class B(A): pass
o = B()
def f(x): return x * o.k
--- then
A.k = 5.0
=== class-attribute-overridden
class A: k = 2.0
class B(A): pass
o = B()
def f(x): return x * o.k
--- then
B.k = 5.0
--- then
del B.k
=== class-attribute-between
class A: k = 2.0
class B(A): pass
class C(B): pass
o = C()
def f(x): return x * o.k
--- then
B.k = 5.0
=== class-list
class M: ks = [2.0]
o = M()
def f(x): return x * o.ks[0]
--- then
M.ks[0] = 5.0
=== class-of-an-object
class A: k = 2.0
class B: k = 5.0
o = A()
def f(x): return x * o.k
--- then
o.__class__ = B
=== class-replaced
class M: k = 2.0
def f(x): return x * M().k
--- then
class M: k = 5.0
=== bases-replaced
class A: k = 2.0
class B: k = 5.0
class D(A): pass
o = D()
def f(x): return x * o.k
--- then
D.__bases__ = (B,)
=== metaclass
class Meta(type): k = 2.0
class M(metaclass=Meta): pass
def f(x): return x * M.k
--- then
Meta.k = 5.0
=== metaclass-property
class Meta(type):
    @property
    def k(cls): return cls._k * 2
class M(metaclass=Meta): _k = 1.0
def f(x): return x * M.k
--- then
M._k = 5.0
=== metaclass-getattr
D = {"k": 2.0}
class Meta(type):
    def __getattr__(cls, name): return D[name]
class M(metaclass=Meta): pass
def f(x): return x * M.k
--- then
D["k"] = 5.0
=== method-replaced
class M:
    def g(self, x): return x * 2
m = M()
def f(x): return m.g(x)
--- then
M.g = lambda self, x: x * 5
=== method-of-one-object
class M:
    def g(self, x): return x * 2
m = M()
def f(x): return m.g(x)
--- then
m.g = lambda x: x * 5
=== method-of-a-base-replaced
class A:
    def g(self, x): return x * 2
class B(A):
    def g(self, x): return super().g(x) + 1
m = B()
def f(x): return m.g(x)
--- then
A.g = lambda self, x: x * 5
=== super-attribute
class A: k = 2.0
class B(A):
    k = 3.0
    def g(self, x): return x * super().k
m = B()
def f(x): return m.g(x)
--- then
A.k = 5.0
=== static-method
K = 2.0
class M:
    @staticmethod
    def g(x): return x * K
def f(x): return M.g(x)
--- then
K = 5.0
=== static-method-replaced
class M:
    @staticmethod
    def g(x): return x * 2
def f(x): return M.g(x)
--- then
M.g = staticmethod(lambda x: x * 5)
=== class-method
class M:
    k = 2.0
    @classmethod
    def g(cls, x): return x * cls.k
def f(x): return M.g(x)
--- then
M.k = 5.0
=== class-of-a-class-method
class A:
    k = 2.0
    @classmethod
    def g(cls, x): return x * cls.k
class B(A): pass
def f(x): return B.g(x)
--- then
B.k = 5.0
=== constructor-reads-a-global
K = 2.0
class M:
    def __init__(self): self.k = K
def f(x): return x * M().k
--- then
K = 5.0
=== constructor-of-a-base
K = 2.0
class A:
    def __new__(cls):
        self = super().__new__(cls); self.k = K
        return self
class B(A): pass
def f(x): return x * B().k
--- then
K = 5.0
=== class-counts-its-objects
class M:
    n = 0
    def __init__(self): M.n += 1
def f(x): return x * M.n
--- then
M()
=== subclass-hook
class Meta(type):
    k = True
    def __instancecheck__(cls, o): return cls.k
class M(metaclass=Meta): pass
o = O()
def f(x): return x * (2 if isinstance(o, M) else 3)
--- then
M.k = False
=== abstract-registered
import abc
class A(abc.ABC): pass
o = O()
def f(x): return x * (2 if isinstance(o, A) else 3)
--- then
A.register(O)
=== name-of-a-class
class M: pass
def f(x): return x * len(M.__name__)
--- then
M.__name__ = "Other"
=== doc-of-a-function
def g(): "ab"
def f(x): return x * len(g.__doc__)
--- then
g.__doc__ = "abcd"
=== annotations-of-a-class
class M: a: int
def f(x): return x * len(M.__annotations__)
--- then
M.__annotations__["b"] = int
=== operator-of-a-class-replaced
class M:
    def __getitem__(self, k): return 2.0
o = M()
def f(x): return x * o[0]
--- then
M.__getitem__ = lambda self, k: 5.0
=== init-subclass-registry
class M:
    known = {}
    def __init_subclass__(cls): M.known[cls.__name__] = cls
def f(x): return x * len(M.known)
--- then
class N(M): pass
## outside: modules
=== module-attribute
config = types.ModuleType("tmp_config"); config.LR = 2.0
def f(x): return x * config.LR
--- then
config.LR = 5.0
=== module-attribute-maybe
config = types.ModuleType("tmp_config")
def f(x): return x * getattr(config, "DECAY", 1.0)
--- then
config.DECAY = 5.0
=== module-attribute-deleted
config = types.ModuleType("tmp_config"); config.LR = 2.0
def f(x): return x * getattr(config, "LR", 1.0)
--- then
del config.LR
=== module-getattr
config = types.ModuleType("tmp_config"); D = {"LR": 2.0}
config.__getattr__ = lambda name: D[name]
def f(x): return x * config.LR
--- then
D["LR"] = 5.0
=== module-replaced
config = types.ModuleType("tmp_config"); config.LR = 2.0
def f(x): return x * config.LR
--- then
config = types.ModuleType("tmp_config"); config.LR = 5.0
=== module-function
(folder / "tmp_a.py").write_text("LR = 2.0\ndef g(x): return x * LR")
import tmp_a
def f(x): return tmp_a.g(x)
--- then
tmp_a.LR = 5.0
=== module-function-monkeypatched
(folder / "tmp_a.py").write_text("LR = 2.0\ndef g(x): return x * LR")
import tmp_a
def f(x): return tmp_a.g(x)
--- then
tmp_a.g = lambda x: x * 9
=== module-function-imported-by-name
(folder / "tmp_a.py").write_text("LR = 2.0\ndef g(x): return x * LR")
from tmp_a import g
import tmp_a
def f(x): return g(x)
--- then
tmp_a.LR = 5.0
=== module-reloaded
(folder / "tmp_a.py").write_text("LR = 2.0\ndef g(x): return x * LR")
import tmp_a
def f(x): return tmp_a.g(x)
--- then
(folder / "tmp_a.py").write_text("LR = 5.0\ndef g(x): return x * LR + 1")
importlib.invalidate_caches()
os.utime(folder / "tmp_a.py", (1, 1))
importlib.reload(tmp_a)
=== module-imported-inside
(folder / "tmp_a.py").write_text("LR = 2.0")
import tmp_a
def f(x):
    import tmp_a as config
    return x * config.LR
--- then
tmp_a.LR = 5.0
=== name-imported-inside
(folder / "tmp_a.py").write_text("LR = 2.0")
import tmp_a
def f(x):
    from tmp_a import LR
    return x * LR
--- then
tmp_a.LR = 5.0
=== module-replaced-in-sys
(folder / "tmp_a.py").write_text("LR = 2.0")
import tmp_a
def f(x):
    import tmp_a as config
    return x * config.LR
--- then
sys.modules["tmp_a"] = types.SimpleNamespace(LR=5.0)
=== module-of-a-package
(folder / "tmp_p").mkdir()
(folder / "tmp_p/__init__.py").write_text("")
(folder / "tmp_p/a.py").write_text("LR = 2.0")
import tmp_p.a
def f(x): return x * tmp_p.a.LR
--- then
tmp_p.a.LR = 5.0
=== class-in-a-module
(folder / "tmp_a.py").write_text("class Config: lr = 2.0")
import tmp_a
def f(x): return x * tmp_a.Config.lr
--- then
tmp_a.Config.lr = 5.0
=== own-module-through-sys
K = 2.0
def f(x): return x * sys.modules[__name__].K
--- then
K = 5.0
## outside: containers
=== list-item
K = [2.0, 3.0]
def f(x): return x * K[0]
--- then
K[0] = 5.0
=== list-replaced
K = [2.0, 3.0]
def f(x): return x * K[0]
--- then
K = [5.0, 3.0]
=== list-longer
K = [2.0, 3.0]
def f(x): return x * sum(K)
--- then
K.append(5.0)
=== list-length-alone
K = [2.0, 3.0]
def f(x): return x * len(K)
--- then
K.pop()
=== list-emptied
K = [2.0]
def f(x): return x * 2 if K else x * 3
--- then
K.clear()
=== list-sorted
K = [3.0, 2.0]
def f(x): return x * K[0]
--- then
K.sort()
=== list-slice-assigned
K = [1.0, 2.0, 3.0]
def f(x): return x * K[-1]
--- then
K[1:] = [7.0]
=== list-reversed
K = [1.0, 2.0, 3.0]
def f(x): return x * next(reversed(K))
--- then
K.insert(3, 8.0)
=== list-nested
K = [[2.0], [3.0]]
def f(x): return x * K[1][0]
--- then
K[1][0] = 5.0
=== list-nested-six-deep
K = [[[[[[2.0]]]]]]
def f(x): return x * K[0][0][0][0][0][0]
--- then
K[0][0][0][0][0][0] = 5.0
=== list-inner-replaced
K = [[2.0]]
def f(x): return x * K[0][0]
--- then
K[0] = [5.0]
=== list-holds-itself
K = [2.0]; K.append(K)
def f(x): return x * K[1][1][0]
--- then
K[0] = 5.0
=== list-long
K = [float(k) for k in range(100)]
def f(x): return x * K[70]
--- then
K[70] = 5.5
=== list-very-long
K = [float(k) for k in range(10_000)]
def f(x): return x * K[7000]
--- then
K[7000] = 5.5
=== list-very-long-of-objects
K = [O() for _ in range(3000)]
for o in K: o.k = 2.0
def f(x): return x * K[2500].k
--- then
K[2500].k = 5.0
=== list-of-objects
K = [O(), O()]
K[0].k = K[1].k = 2.0
def f(x): return x * K[1].k
--- then
K[1].k = 5.0
=== list-of-functions
K = [np.tanh]
def f(x): return K[0](x)
--- then
K[0] = np.exp
=== list-of-dicts
K = [{"k": 2.0}]
def f(x): return x * K[0]["k"]
--- then
K[0]["k"] = 5.0
=== list-one-becomes-true
K = [1]
def f(x): return x * (2 if K[0] is True else 3)
--- then
K[0] = True
=== list-of-strings
K = ["a", "b"]
def f(x): return x * len("".join(K))
--- then
K[0] = "aaa"
=== list-unpacked
K = [2.0, 3.0]
def g(x, a, b): return x * a + b
def f(x): return g(x, *K)
--- then
K[1] = 5.0
=== list-zipped
K, J = [2.0, 3.0], [1.0, 1.0]
def f(x): return sum(x * k * j for k, j in zip(K, J))
--- then
J[1] = 5.0
=== list-searched
K = [2.0, 3.0]
def f(x): return x * K.index(3.0)
--- then
K.insert(0, 1.0)
=== list-in-an-object
o = O(); o.ks = [2.0]
def f(x): return x * o.ks[0]
--- then
o.ks[0] = 5.0
=== iterator-over-a-list
K = [2.0, 3.0]
def f(x):
    it = iter(K); next(it)
    return x * next(it)
--- then
K[1] = 5.0
=== heap
import heapq
K = [3.0, 4.0]
def f(x): return x * K[0]
--- then
heapq.heappush(K, 1.0)
=== tuple-of-lists
K = ([2.0], [3.0])
def f(x): return x * K[1][0]
--- then
K[1][0] = 5.0
=== user-list
K = collections.UserList([2.0])
def f(x): return x * K[0]
--- then
K[0] = 5.0
=== list-subclass
class L(list):
    def first(self): return self[0]
K = L([2.0])
def f(x): return x * K.first()
--- then
K[0] = 5.0
=== dict-entry
D = {"k": 2.0}
def f(x): return x * D["k"]
--- then
D["k"] = 5.0
=== dict-nested
D = {"a": {"k": 2.0}}
def f(x): return x * D["a"]["k"]
--- then
D["a"]["k"] = 5.0
=== dict-inner-replaced
D = {"a": {"k": 2.0}}
def f(x): return x * D["a"]["k"]
--- then
D["a"] = {"k": 5.0}
=== dict-entry-new
D = {"k": 2.0}
def f(x): return x * sum(D.values())
--- then
D["j"] = 5.0
=== dict-entry-gone
D = {"k": 2.0, "j": 1.0}
def f(x): return x * sum(D.values())
--- then
del D["j"]
=== dict-entry-maybe
D = {}
def f(x): return x * D.get("k", 2.0)
--- then
D["k"] = 5.0
=== dict-contains
D = {}
def f(x): return x * (2 if "k" in D else 3)
--- then
D["k"] = None
=== dict-order
D = {"k": 2.0, "j": 1.0}
def f(x): return x * next(iter(D.values()))
--- then
D["k"] = D.pop("k")
=== dict-keys-alone
D = {1.0: "a", 2.0: "b"}
def f(x): return x * max(D)
--- then
D[7.0] = "c"
=== dict-length-alone
D = {"a": 1}
def f(x): return x * len(D)
--- then
D["b"] = 1
=== dict-view-held
D = {"k": 2.0}
V = D.values()
def f(x): return x * sum(V)
--- then
D["k"] = 5.0
=== dict-large
D = {k: float(k) for k in range(10_000)}
def f(x): return x * D[3000]
--- then
D[3000] = 5.5
=== dict-unpacked
D = {"a": 2.0, "b": 3.0}
def g(x, a, b): return x * a + b
def f(x): return g(x, **D)
--- then
D["b"] = 5.0
=== dict-key-is-a-tuple
D = {(0, 1): 2.0}
def f(x): return x * D[0, 1]
--- then
D[0, 1] = 5.0
=== dict-of-functions
D = {"a": np.tanh}
def f(x): return D["a"](x)
--- then
D["a"] = np.exp
=== dict-attribute-access
class D(dict): __getattr__ = dict.__getitem__
d = D(k=2.0)
def f(x): return x * d.k
--- then
d["k"] = 5.0
=== default-dict
D = collections.defaultdict(float, k=2.0)
def f(x): return x * D["k"]
--- then
D["k"] = 5.0
=== default-dict-factory
D = collections.defaultdict(lambda: 2.0)
def f(x):
    k = D["k"]; del D["k"]
    return x * k
--- then
D.default_factory = lambda: 5.0
=== dict-missing
class M(dict):
    def __missing__(self, key): return K
K = 2.0
D = M()
def f(x): return x * D["k"]
--- then
K = 5.0
=== ordered-dict
D = collections.OrderedDict(a=2.0, b=3.0)
def f(x): return x * next(iter(D.values()))
--- then
D.move_to_end("a")
=== chain-map
A = {}
D = collections.ChainMap(A, {"k": 2.0})
def f(x): return x * D["k"]
--- then
A["k"] = 5.0
=== counter
D = collections.Counter("aab")
def f(x): return x * D["a"]
--- then
D["a"] += 3
=== user-dict
D = collections.UserDict(k=2.0)
def f(x): return x * D["k"]
--- then
D["k"] = 5.0
=== mapping-proxy
D = {"k": 2.0}
P = types.MappingProxyType(D)
def f(x): return x * P["k"]
--- then
D["k"] = 5.0
=== weak-dict
D = weakref.WeakValueDictionary()
o = O(); o.k = 2.0
D["k"] = o
def f(x): return x * D["k"].k
--- then
o.k = 5.0
=== set
K = {1, 2}
def f(x): return x * (2 if 3 in K else 3)
--- then
K.add(3)
=== set-length-alone
K = {1, 2}
def f(x): return x * len(K)
--- then
K.discard(1)
=== deque
K = collections.deque([2.0, 3.0])
def f(x): return x * K[0]
--- then
K.rotate()
=== array-of-the-library
import array
K = array.array("d", [2.0])
def f(x): return x * K[0]
--- then
K[0] = 5.0
=== bytearray
K = bytearray([2, 3])
def f(x): return x * K[0]
--- then
K[0] = 5
=== memory-view
B = bytearray([2, 3])
K = memoryview(B)
def f(x): return x * K[0]
--- then
B[0] = 5
## outside: arrays
=== array-replaced
W = np.ones(3)
def f(x): return x * W
--- then
W = np.full(3, 5.0)
=== array-written-to
W = np.ones(3)
def f(x): return x * W
--- then
W[0] = 5.0
=== array-augmented
W = np.ones(3)
def f(x): return x * W
--- then
W *= 2
=== array-large-replaced
W = np.ones(30_000)
def f(x): return x * W.sum()
--- then
W = np.full(30_000, 5.0)
=== array-large-written-to
W = np.ones(30_000)
def f(x): return np.sum(W) * x
--- then
W[20_000] = 5.0
=== array-large-in-a-product
W = np.ones((3, 10_000))
def f(x): return x @ W
--- then
W[1] = 5.0
=== array-large-written-through-a-view
W = np.ones(30_000); V = W[5:]
def f(x): return np.sum(W) * x
--- then
V[:] = 5.0
=== array-large-whose-base-is-written
B = np.ones(30_000); W = B[5:].reshape(5, -1)
def f(x): return np.sum(W) * x
--- then
B[:] = 5.0
=== array-large-read-only-view
B = np.ones(30_000); W = B[:]; W.flags.writeable = False
def f(x): return np.sum(W) * x
--- then
B[:] = 5.0
=== array-large-unlocked
W = np.ones(30_000); W.flags.writeable = False
def f(x): return np.sum(W) * x
--- then
W.flags.writeable = True; W[:] = 5.0; W.flags.writeable = False
=== array-large-read-by-python
W = np.ones(30_000)
def f(x): return x * float(W[700])
--- then
W[700] = 5.0
=== array-large-in-a-dict
D = {"W": np.ones(30_000)}
def f(x): return np.sum(D["W"]) * x
--- then
D["W"][:] = 5.0
=== array-large-in-an-object
o = O(); o.W = np.ones(30_000)
def f(x): return np.sum(o.W) * x
--- then
o.W += 1
=== array-large-of-ints-as-index
I = np.zeros(30_000, int)
def f(x): return np.sum(x[I])
--- then
I[:100] = 2
=== array-large-labels
S, y = np.random.default_rng(0).normal(size=(5000, 3)), np.zeros(5000, int)
def f(x): return ag.softmax_cross_entropy(S * x, y)
--- then
y[:] = 1
=== memmap
(folder / "m").write_bytes(np.ones(3000).tobytes())
W = np.memmap(folder / "m", float, "r+")
def f(x): return np.sum(np.asarray(W)) * x
--- then
W[:100] = 5.0
=== memmap-written-by-another
(folder / "m").write_bytes(np.ones(30_000).tobytes())
W = np.memmap(folder / "m", float, "r")
def f(x): return np.sum(np.asarray(W)) * x
--- then
other = np.memmap(folder / "m", float, "r+"); other[:] = 5.0; other.flush()
=== array-over-a-bytearray
B = bytearray(np.ones(3).tobytes())
W = np.frombuffer(B)
def f(x): return x * W
--- then
B[:8] = np.float64(5.0).tobytes()
=== array-of-another-dtype
W = np.ones(3, np.float32)
def f(x): return x.astype(np.float32) * W
--- then
W = np.ones(3)
=== array-of-another-shape
W = np.ones((1, 3))
def f(x): return x * W
--- then
W = np.ones((2, 1, 3))
=== array-of-another-layout
W = np.arange(12.0).reshape(3, 4)
def f(x): return np.sum(np.exp(W / 7) * x[:, None])
--- then
W = np.asfortranarray(W)
=== array-reshaped-in-place
W = np.arange(9.0)
def f(x): return W.reshape(-1, 3).sum(axis=0) * x * W.ndim
--- then
W.resize(3, 3, refcheck=False)
=== array-resized-in-place
W = np.ones(4)
def f(x): return x * len(W)
--- then
W.resize(6, refcheck=False)
=== array-shape-alone
W = np.ones((2, 3))
def f(x): return x * W.shape[0]
--- then
W = np.ones((5, 3))
=== array-item
W = np.ones(3)
def f(x): return x * W[0]
--- then
W[0] = 5.0
=== array-item-to-python
W = np.ones(3)
def f(x): return x * W[0].item()
--- then
W[0] = 5.0
=== array-decides-a-branch
W = np.ones(3)
def f(x): return x * 2 if W.sum() > 4 else x * 3
--- then
W[0] = 5.0
=== array-iterated
W = np.ones(3)
def f(x): return sum(x * w for w in W)
--- then
W[0] = 5.0
=== array-to-list
W = np.ones(3)
def f(x): return x * W.tolist()[0]
--- then
W[0] = 5.0
=== array-of-no-dimension
W = np.array(2.0)
def f(x): return x * W
--- then
W[...] = 5.0
=== array-of-ints
I = np.array([0, 1, 2])
def f(x): return x[I] * 2
--- then
I[:] = [2, 2, 0]
=== array-of-bools
M = np.array([True, False, True])
def f(x): return x[M] * 2
--- then
M[:] = [True, True, True]
=== array-of-bools-in-where
M = np.array([True, False, True])
def f(x): return np.where(M, x, 0)
--- then
M[1] = True
=== array-in-a-list
W = [np.ones(3)]
def f(x): return x * W[0]
--- then
W[0][:] = 5.0
=== array-in-a-list-replaced
W = [np.ones(3)]
def f(x): return x * W[0]
--- then
W[0] = np.full(3, 5.0)
=== array-in-a-dict
D = {"W": np.ones(3)}
def f(x): return x * D["W"]
--- then
D["W"] *= 5.0
=== array-in-an-object
o = O(); o.W = np.ones(3)
def f(x): return x * o.W
--- then
o.W[1] = 5.0
=== array-in-a-closure
def make(W): return lambda x: x * W
W = np.ones(3)
f = make(W)
--- then
W[:] = 5.0
=== array-in-a-default
def f(x, W=np.ones(3)): return x * W
--- then
f.__defaults__[0][:] = 5.0
=== array-of-a-helper
W = np.ones(3)
def g(x): return x * W
def f(x): return g(x)
--- then
W[:] = 5.0
=== array-in-a-partial
W = np.ones(3)
f = functools.partial(lambda W, x: x * W, W)
--- then
W[:] = 5.0
=== array-view-of-an-array
B = np.ones((3, 3)); W = B[1]
def f(x): return x * W
--- then
B[1] = 5.0
=== array-of-objects
B = np.array([np.tanh, None], object)
def f(x): return B[0](x)
--- then
B[0] = np.exp
=== array-structured
S = np.zeros(3, [("k", float), ("j", int)])
def f(x): return x * S["k"]
--- then
S["k"] = 5.0
=== array-of-records
S = np.rec.array(np.zeros(3, [("k", float)]))
def f(x): return x * np.asarray(S.k)
--- then
S.k = 5.0
=== array-of-strings
S = np.array(["tanh"])
def f(x): return getattr(np, S[0])(x)
--- then
S[0] = "exp"
=== array-subclass
class A(np.ndarray): pass
W = np.ones(3).view(A)
def f(x): return x * np.asarray(W)
--- then
W[:] = 5.0
=== array-nan-payload
W = np.array([np.nan, 0.0, 1.0])
def f(x): return np.copysign(1.0, W) * x
--- then
W[0] = -np.nan
=== array-sign-of-zero
W = np.zeros(3)
def f(x): return np.copysign(1.0, W) * x
--- then
W[:] = -0.0
=== array-flags
W = np.ones(3)
def f(x): return x * (2 if W.flags.writeable else 3)
--- then
W.flags.writeable = False
=== array-empty-then-not
W = np.ones((0, 3))
def f(x): return x * W.sum(axis=0)
--- then
W = np.ones((2, 3))
## outside: tensors
=== parameter-data
W = Parameter(W0)
def f(x): return x * W
--- then
W.data = W0 * 3
=== parameter-replaced-of-another-shape
W = Parameter(W0)
def f(x): return np.sum(x * W)
--- then
W = Parameter(np.ones((2, 3)))
=== parameter-replaced-of-another-dtype
W = Parameter(W0)
def f(x): return x.astype(np.float32) * W
--- then
W = Parameter(W0.astype(np.float32))
=== parameter-data-of-another-layout
W = Parameter(np.arange(12.0).reshape(3, 4) / 7)
def f(x):
    W.zero_grad(); loss = np.sum(np.exp(W) * x[:, None]); loss.backward()
    return loss
--- see
W.grad
--- then
W.data = np.asfortranarray(W.numpy())
=== parameter-updated-outside
W = Parameter(W0)
def f(x): return x * W
--- then
W -= 0.5
=== parameter-replaced
W = Parameter(W0)
def f(x): return x * W
--- then
W = Parameter(W0 * 3)
=== parameter-replaced-in-training
W = Parameter(W0)
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); W.descend(W.grad, 0.1)
    return loss
--- see
W, W.grad
--- then
W = Parameter(W0 * 3)
=== parameter-in-a-list-replaced
P = [Parameter(W0)]
def f(x): return x * P[0]
--- then
P[0] = Parameter(W0 * 3)
=== parameter-in-a-dict-replaced
P = {"W": Parameter(W0)}
def f(x): return x * P["W"]
--- then
P["W"] = Parameter(W0 * 3)
=== parameter-in-an-object-replaced
o = O(); o.W = Parameter(W0)
def f(x): return x * o.W
--- then
o.W = Parameter(W0 * 3)
=== parameter-becomes-an-array
W = Parameter(W0)
def f(x): return x * W
--- then
W = W0 * 3
=== array-becomes-a-parameter
W = W0 * 1.0
def f(x): return np.sum(x * W)
--- then
W = Parameter(W0 * 3)
=== parameters-exchanged
V, W = Parameter(W0), Parameter(W0 * 3)
def f(x):
    V.zero_grad(); W.zero_grad(); loss = np.sum(V * x + W * W); loss.backward()
    return loss
--- see
V.grad, W.grad
--- then
V, W = W, V
=== parameters-become-one
V, W = Parameter(W0), Parameter(W0 * 3)
def f(x):
    V.zero_grad(); W.zero_grad(); loss = np.sum(V * x * W); loss.backward()
    return loss
--- see
V.grad, W.grad
--- then
V = W
=== frozen
W = Parameter(W0)
def f(x):
    W.zero_grad(); loss = np.sum(W * x) + np.sum(ag.Tensor(1.0) * x); loss.backward()
    return loss
--- see
W.grad
--- then
W.requires_grad = False
--- then
W.requires_grad = True
=== thawed
W, V = Parameter(W0, False), Parameter(W0)
def f(x):
    W.zero_grad(); V.zero_grad(); loss = np.sum(W * x * V); loss.backward()
    return loss
--- see
W.grad, V.grad
--- then
W.requires_grad = True
=== requires-grad-read
W = Parameter(W0)
def f(x): return x * (2 if W.requires_grad else 3)
--- then
W.requires_grad = False
=== shape-of-a-parameter-read
W = Parameter(W0)
def f(x): return x * W.size
--- then
W = Parameter(np.ones((2, 3)))
=== name-of-a-parameter-read
W = Parameter(W0, name="a")
def f(x): return x * len(W.name)
--- then
W.name = "abc"
=== gradient-there
W = Parameter(W0)
def f(x): return x * 2 if W.grad is None else x * W.grad
--- then
np.sum(W * W).backward()
--- then
W.zero_grad()
=== gradient-replaced
W = Parameter(W0)
np.sum(W * W).backward()
def f(x): return x * W.grad
--- then
W.grad = W0 * 7
=== gradient-written-to
W = Parameter(W0)
np.sum(W * W).backward()
def f(x): return x * W.grad
--- then
W.grad[:] = 3.0
=== gradient-added-to
W = Parameter(W0)
def f(x):
    loss = np.sum(W * x); loss.backward()
    return loss
--- see
W.grad
--- then
W.grad = None
--- then
W.grad *= 0.5
=== gradient-of-another-dtype
W = Parameter(W0)
W.grad = W0 * 1.0
def f(x): return x.astype(np.float32) * W.grad
--- then
W = Parameter(W0.astype(np.float32)); W.grad = W0.astype(np.float32)
=== tensor-replaced
T = Tensor(W0)
def f(x): return x * T
--- then
T = Tensor(W0 * 3)
=== tensor-data
T = Tensor(W0)
def f(x): return x * T
--- then
T.data = W0 * 3
=== tensor-untracked-replaced
T = Tensor(W0, requires_grad=False)
def f(x): return x * T
--- then
T = Tensor(W0 * 3, requires_grad=False)
=== tensor-of-ints
T = Tensor(np.array([0, 1, 2]))
def f(x): return x[T] * 2
--- then
T.data = np.array([2, 2, 0])
=== tensor-as-argument-data
def f(x, t): return x * t
--- calls
t = Tensor(W0)
see(c(X, t), c(Y, t))
t.data = W0 * 3
see(c(X, t), c(Y, t))
=== tensor-as-argument-another
def f(x, t):
    loss = np.sum(x * t * t); loss.backward()
    return loss
--- calls
s, t = Tensor(W0), Tensor(W0 * 2)
for one in (s, t, s, t):
    one.zero_grad()
    see(c(X, one), one.grad)
=== tensor-as-argument-then-array
def f(x, t): return np.sum(x * t)
--- calls
t = Tensor(W0)
see(c(X, t), c(Y, W0), c(X, t), c(Y, t))
=== item-of-a-parameter
W = Parameter(W0)
def f(x): return x * W.data[0].item() if hasattr(W.data[0], "item") else x
--- then
W.data = W0 * 3
=== numpy-of-a-parameter
W = Parameter(W0)
def f(x): return x * W.numpy()
--- then
W.data = W0 * 3
=== detached-parameter
W = Parameter(W0)
def f(x): return x * W.detach()
--- then
W.data = W0 * 3
=== parameter-decides-a-branch
W = Parameter(W0)
def f(x): return x * 2 if W.numpy()[0] > 2 else x * 3
--- then
W.data = W0 * 3
## outside: nets
=== net-made-anew
net = nn.Linear(3, 2, seed=0)
def f(x): return net(x[None])
--- then
net = nn.Linear(3, 2, seed=5)
=== net-and-optimiser-made-anew-in-training
net = nn.Linear(3, 2, seed=0); opt = nn.SGD(net, lr=0.1)
def f(x):
    opt.zero_grad(); loss = np.sum(net(x[None]) ** 2); loss.backward(); opt.step()
    return loss
--- see
net.parameters()
--- then
net = nn.Linear(3, 2, seed=5); opt = nn.SGD(net, lr=0.2)
=== net-made-anew-and-the-optimiser-not
net = nn.Linear(3, 2, seed=0); old = net; opt = nn.SGD(net, lr=0.1)
def f(x):
    opt.zero_grad(); net.zero_grad(); loss = np.sum(net(x[None]) ** 2); loss.backward()
    return loss
--- see
net.parameters(), [p.grad for p in net.parameters()], [p.grad for p in old.parameters()]
--- then
net = nn.Linear(3, 2, seed=5)
=== net-initialised-anew
net = nn.Sequential(nn.Linear(3, 2), seed=0)
def f(x): return net(x[None])
--- then
net.initialise(7)
=== net-activation-replaced
net = nn.Sequential(nn.Linear(3, 2, seed=0), nn.ReLU())
def f(x): return net(x[None])
--- then
net.layers[1] = nn.Tanh()
=== net-layer-added
net = nn.Sequential(nn.Linear(3, 3, seed=0))
def f(x): return net(x[None])
--- then
net.layers.append(nn.Linear(3, 3, seed=1))
=== net-layer-removed
net = nn.Sequential(nn.Linear(3, 3, seed=0), nn.ReLU())
def f(x): return net(x[None])
--- then
net.layers.pop()
=== net-layer-replaced
net = nn.Sequential(nn.Linear(3, 3, seed=0))
def f(x): return net(x[None])
--- then
net.layers[0] = nn.Linear(3, 3, seed=1)
=== net-parameter-replaced
net = nn.Linear(3, 2, seed=0)
def f(x): return net(x[None])
--- then
net.W = Parameter(np.ones((3, 2)))
=== net-weights-tied
net = nn.Sequential(nn.Linear(3, 3, seed=0), nn.Linear(3, 3, seed=1))
def f(x):
    net.zero_grad(); loss = np.sum(net(x[None]) ** 2); loss.backward()
    return loss
--- see
[m.W.grad for m in net.layers]
--- then
net.layers[1].W = net.layers[0].W
=== net-wider
net = nn.Sequential(nn.Linear(3, 4, seed=0), nn.Linear(4, 2, seed=1))
def f(x): return net(x[None])
--- then
net = nn.Sequential(nn.Linear(3, 6, seed=0), nn.Linear(6, 2, seed=1))
=== net-of-the-users
class Net(nn.Module):
    def __init__(self): self._k = 2.0
    def forward(self, x): return x * self._k
net = Net()
def f(x): return net(x)
--- then
net._k = 5.0
=== net-of-the-users-mode
class Net(nn.Module):
    training = True
    def forward(self, x): return x * 2 if self.training else x
net = Net()
def f(x): return net(x)
--- then
net.training = False
=== net-forward-replaced
class Net(nn.Module):
    def forward(self, x): return x * 2
net = Net()
def f(x): return net(x)
--- then
Net.forward = lambda self, x: x * 3
=== net-module-added-to-a-list
class Net(nn.Module):
    def __init__(self): self.layers = [nn.Linear(3, 3, seed=0)]
    def forward(self, x):
        for layer in self.layers: x = layer(x)
        return x
net = Net()
def f(x): return net(x[None])
--- then
net.layers.append(nn.Linear(3, 3, seed=1))
=== net-module-in-a-dict-replaced
class Net(nn.Module):
    def __init__(self): self.parts = {"a": nn.Linear(3, 3, seed=0)}
    def forward(self, x): return self.parts["a"](x)
net = Net()
def f(x): return net(x[None])
--- then
net.parts["a"] = nn.Linear(3, 3, seed=1)
=== net-function-in-sequential
K = 2.0
net = nn.Sequential(lambda x: x * K)
def f(x): return net(x)
--- then
K = 5.0
=== net-regularisation
net = nn.TwoLayerNet(3, 4, 2, reg=0.1, seed=0)
y = np.array([1])
def f(x): return net.loss(x[None], y)
--- then
net.reg = 0.5
=== net-params-by-name
net = nn.TwoLayerNet(3, 4, 2, reg=0.1, seed=0)
def f(x): return np.sum(net.params["W1"] * x[:, None])
--- then
net.params["W1"] = np.ones((3, 4))
=== net-counts-parameters
net = nn.Sequential(nn.Linear(3, 3, seed=0))
def f(x): return x * len(net.parameters())
--- then
net.layers.append(nn.Linear(3, 3, seed=1))
=== net-one-layer-frozen
net = nn.Sequential(nn.Linear(3, 3, seed=0), nn.Linear(3, 3, seed=1))
opt = nn.SGD(net, lr=0.1)
def f(x):
    opt.zero_grad(); loss = np.sum(net(x[None]) ** 2); loss.backward(); opt.step()
    return loss
--- see
net.parameters()
--- then
net.layers[0].W.requires_grad = False
=== optimiser-made-anew
W = Parameter(W0); opt = nn.SGD([W], lr=0.1)
def f(x):
    opt.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); opt.step()
    return loss
--- see
W
--- then
opt = nn.SGD([W], lr=0.5)
=== optimiser-step-size
W = Parameter(W0); opt = nn.SGD([W], lr=0.1)
def f(x):
    opt.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); opt.step()
    return loss
--- see
W
--- then
opt.lr = 0.5
=== optimiser-gets-a-parameter
V, W = Parameter(W0), Parameter(W0 * 2); opt = nn.SGD([W], lr=0.1)
def f(x):
    W.zero_grad(); V.zero_grad(); loss = np.sum((W * x * V) ** 2); loss.backward(); opt.step()
    return loss
--- see
V, W
--- then
opt.params.append(V)
=== optimiser-loses-a-parameter
V, W = Parameter(W0), Parameter(W0 * 2); opt = nn.SGD([W, V], lr=0.1)
def f(x):
    W.zero_grad(); V.zero_grad(); loss = np.sum((W * x * V) ** 2); loss.backward(); opt.step()
    return loss
--- see
V, W
--- then
opt.params.pop()
=== optimiser-class-patched
W = Parameter(W0); opt = nn.SGD([W], lr=0.1)
def f(x):
    opt.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); opt.step()
    return loss
--- see
W
--- then
opt.step = lambda: W.descend(W.grad, 0.7)
=== optimiser-of-the-users
class Mine:
    def __init__(self, ps, lr): self.ps, self.lr = ps, lr
    def step(self):
        for p in self.ps: p -= self.lr * p.grad
W = Parameter(W0); opt = Mine([W], 0.1)
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); opt.step()
    return loss
--- see
W
--- then
opt.lr = 0.5
--- then
opt = Mine([W], 0.2)
=== loss-replaced
net, y = nn.Linear(3, 2, seed=0), np.array([1])
criterion = nn.softmax_cross_entropy
def f(x): return criterion(net(x[None]), y)
--- then
criterion = nn.svm_hinge
=== loss-option
K = {"use": True}
def f(x): return nn.svm_hinge(x[None], np.array([1])) if K["use"] else x
--- then
K["use"] = False
=== data-list-grows
batches = [W0]
def f(x): return sum(np.sum(x * b) for b in batches)
--- then
batches.append(W0 * 2)
## outside: modes
=== divide-raises
np.seterr(divide="ignore")
def f(x): return x / (np.abs(x) - np.abs(x))
--- calls
see(c(X))
with np.errstate(divide="raise"): see(c(X))
=== divide-raises-inside
def f(x):
    with np.errstate(divide="raise"): return 1.0 / (x - x)
--- calls
see(c(X))
see(c(Y))
=== divide-raises-inside-later
def f(x):
    with np.errstate(divide="raise"): return 1.0 / x
--- calls
see(c(X), c(Y))
see(c(np.array([1.0, 0.0, 2.0])))
=== error-state-set-by-the-function
def f(x):
    np.seterr(over="raise")
    return np.exp(x * 1000)
--- calls
see(c(-np.abs(X)))
see(c(np.abs(X)))
=== overflow-warns-as-an-error
def f(x): return np.exp(x)
--- calls
see(c(X))
warnings = __import__("warnings"); warnings.simplefilter("error")
with np.errstate(over="warn"): see(c(X * 1000))
=== no-grad-around-the-call
W = Parameter(W0)
def f(x):
    W.zero_grad(); loss = np.sum(W * x * W); loss.backward()
    return loss
--- calls
see(c(X), W.grad)
with ag.no_grad(): see(c(Y), W.grad)
=== no-grad-around-the-first-call
W = Parameter(W0)
def f(x): return x * (2 if ag.is_recording() else 3) * W
--- calls
with ag.no_grad(): see(c(X))
see(c(X))
=== recording-read
def f(x): return x * (2 if ag.is_recording() else 3)
--- calls
see(c(X))
with ag.no_grad(): see(c(X))
=== scope-around-the-call
def f(x): return x * 2
--- calls
see(c(X))
with ag.scope("a"): see(c(Y))
## outside: further names
=== frame-of-the-caller
def f(x): return x * sys._getframe().f_globals["K"]
K = 2.0
--- then
K = 5.0
=== globals-of-a-helper
K = 2.0
def g(): pass
def f(x): return x * g.__globals__["K"]
--- then
K = 5.0
=== cell-of-a-helper
def make(k):
    def g(): return k
    return g
g = make(2.0)
def f(x): return x * g.__closure__[0].cell_contents
--- then
g.__closure__[0].cell_contents = 5.0
=== defaults-of-a-helper-read
def g(k=2.0): return k
def f(x): return x * g.__defaults__[0]
--- then
g.__defaults__ = (5.0,)
=== default-by-its-signature
import inspect
def g(k=2.0): return k
def f(x): return x * inspect.signature(g).parameters["k"].default
--- then
g.__defaults__ = (5.0,)
=== default-of-a-nested-function
K = [2.0]
def f(x):
    def g(k=K): return x * k[0]
    return g()
--- then
K[0] = 5.0
=== builtins-of-the-module
import builtins
def f(x): return x * builtins.divmod(5, 2)[0]
--- calls
before = builtins.divmod
try:
    see(c(X))
    builtins.divmod = lambda *_: [7]
    see(c(X))
finally:
    builtins.divmod = before
see(c(X))
=== arguments-of-the-program
sys.argv.append("2")
def f(x): return x * float(sys.argv[-1])
--- calls
try:
    see(c(X))
    sys.argv[-1] = "5"
    see(c(X))
finally:
    del sys.argv[-1]
=== formatted-attribute
class M: pass
M.k = 2.0
def f(x): return x * float("{0.k}".format(M))
--- then
M.k = 5.0
=== recursion-limit
def f(x): return x * (2 if sys.getrecursionlimit() < 5000 else 3)
--- calls
before = sys.getrecursionlimit()
try:
    see(c(X))
    sys.setrecursionlimit(6000)
    see(c(X))
finally:
    sys.setrecursionlimit(before)
=== print-options
def f(x): return x * np.get_printoptions()["precision"]
--- then
np.set_printoptions(precision=3)
=== error-state-read
def f(x): return x * (2 if np.geterr()["divide"] == "raise" else 3)
--- calls
see(c(X))
with np.errstate(divide="raise"): see(c(X))
=== working-folder
def f(x): return x * len(os.getcwd())
--- calls
before = os.getcwd()
try:
    see(c(X))
    os.chdir(folder)
    see(c(X))
finally:
    os.chdir(before)
=== environment-expanded
os.environ["TMP_K"] = "2"
def f(x): return x * float(os.path.expandvars("$TMP_K"))
--- then
os.environ["TMP_K"] = "5"
=== file-read
(folder / "k").write_text("2.0")
def f(x):
    with open(folder / "k") as file: return x * float(file.read())
--- then
(folder / "k").write_text("5.0")
=== file-read-by-a-path
(folder / "k").write_text("2.0")
def f(x): return x * float((folder / "k").read_text())
--- then
(folder / "k").write_text("5.0")
=== file-loaded-by-numpy
np.save(folder / "k.npy", np.arange(3.0))
def f(x): return x * np.load(folder / "k.npy")
--- then
np.save(folder / "k.npy", np.arange(3.0) + 4)
=== file-of-text-loaded-by-numpy
(folder / "k").write_text("1 2 3")
def f(x): return x * np.loadtxt(folder / "k")
--- then
(folder / "k").write_text("4 5 6")
=== file-of-json
import json
(folder / "k").write_text('{"lr": 2.0}')
def f(x): return x * json.load(open(folder / "k"))["lr"]
--- then
(folder / "k").write_text('{"lr": 5.0}')
=== file-gone
(folder / "k").write_text("2.0")
def f(x):
    try: return x * float((folder / "k").read_text())
    except OSError: return x
--- then
(folder / "k").unlink()
## outside: further functions
=== attribute-of-a-partial
h = functools.partial(lambda x: x); h.k = 2.0
def f(x): return h(x) * h.k
--- then
h.k = 5.0
=== partial-of-a-bound-method
class M:
    k = 2.0
    def g(self, x): return x * self.k
o = M(); h = functools.partial(o.g)
def f(x): return h(x)
--- then
o.k = 5.0
=== method-wrapper-held
K = [1.0, 2.0]
n = K.__len__
def f(x): return x * n()
--- then
K.append(3.0)
=== bound-get-item
K = {"a": 2.0}
get = K.__getitem__
def f(x): return x * get("a")
--- then
K["a"] = 5.0
=== function-made-a-ufunc
K = 2.0
u = np.frompyfunc(lambda n: n * K, 1, 1)
def f(x): return x * u(np.ones(3)).astype(float)
--- then
K = 5.0
=== single-dispatch-of-a-method
class M:
    @functools.singledispatchmethod
    def g(self, n): return 2.0
o = M()
def f(x): return x * o.g(3)
--- then
M.__dict__["g"].register(int, lambda self, n: 5.0)
=== cache-with-a-bound
K = [2.0]
@functools.lru_cache(maxsize=1)
def g(n): return K[0] + n
def f(x): return x * g(1)
--- then
K[0] = 5.0
--- then
g(2)
=== cache-of-a-method
class M:
    k = 2.0
    @functools.lru_cache
    def g(self): return self.k
o = M()
def f(x): return x * o.g()
--- then
o.k = 5.0
--- then
M.g.cache_clear()
=== cache-holds-an-array
@functools.cache
def g(n): return np.ones(n)
def f(x): return x * g(3)
--- then
g(3)[1] = 5.0
=== cleared-and-filled-again
K = 2.0
@functools.cache
def g(): return K
def f(x): return x * g()
--- then
K = 5.0; g.cache_clear(); g()
=== own-gate
K = 2.0
from autograd.gates import gate
from autograd.gate import GATES
times = gate(lambda x: x * K, name="times_k", local=lambda x: K)
del GATES["times_k"]
def f(x): return times(x)
--- then
K = 5.0
=== rule-of-an-own-gate
K = 2.0
W = Parameter(W0)
from autograd.gates import gate
from autograd.gate import GATES
times = gate(lambda x: x * 2.0, name="times_two", local=lambda x: K)
del GATES["times_two"]
def f(x):
    W.zero_grad(); np.sum(times(W * x)).backward()
    return W * 1.0
--- see
W.grad
--- then
K = 5.0
=== method-of-a-layer-replaced
net = nn.Sequential(nn.ReLU())
def f(x): return net(x)
--- calls
forward = nn.ReLU.forward
try:
    see(c(X))
    nn.ReLU.forward = lambda self, x: x * 7.0
    see(c(X))
finally:
    nn.ReLU.forward = forward
see(c(X))
=== monkeypatched-linalg
def f(x): return x * np.linalg.norm(W0)
--- calls
norm = np.linalg.norm
try:
    see(c(X))
    np.linalg.norm = lambda x: 7.0
    see(c(X))
finally:
    np.linalg.norm = norm
see(c(X))
=== monkeypatched-numpy-imported-inside
def f(x):
    import numpy as xp
    return xp.tanh(x)
--- calls
tanh = np.tanh
try:
    see(c(X))
    np.tanh = np.exp
    see(c(X))
finally:
    np.tanh = tanh
=== module-imported-by-name
(folder / "tmp_a.py").write_text("LR = 2.0")
import tmp_a
def f(x): return x * importlib.import_module("tmp_a").LR
--- then
tmp_a.LR = 5.0
=== module-with-a-class-of-its-own
D = {"k": 2.0}
class M(types.ModuleType):
    @property
    def k(self): return D["k"]
m = M("m")
def f(x): return x * m.k
--- then
D["k"] = 5.0
=== class-of-a-module-replaced
class M(types.ModuleType): k = 2.0
class N(types.ModuleType): k = 5.0
m = M("m")
def f(x): return x * m.k
--- then
m.__class__ = N
## outside: further objects
=== item-of-a-class
K = {"a": 2.0}
class M:
    def __class_getitem__(cls, key): return K[key]
def f(x): return x * M["a"]
--- then
K["a"] = 5.0
=== attribute-found-statically
import inspect
o = O(); o.k = 2.0
def f(x): return x * inspect.getattr_static(o, "k")
--- then
o.k = 5.0
=== property-deleter-and-class-attribute
class M: k = 2.0
o = M(); o.k = 7.0
def f(x): return x * o.k
--- then
del o.k
--- then
M.k = 5.0
=== slots-with-a-class-behind
class A: __slots__ = ("k",)
class B(A): __slots__ = ("n",)
o = B(); o.k = 2.0; o.n = O(); o.n.k = 3.0
def f(x): return x * o.k * o.n.k
--- then
o.n.k = 5.0
=== dataclass-default
@dataclasses.dataclass
class M: k: float = 2.0
def f(x): return x * M().k
--- then
M.__init__.__defaults__ = (5.0,)
=== dataclass-field-default
@dataclasses.dataclass
class M: k: float = 2.0
def f(x): return x * dataclasses.fields(M)[0].default
--- then
dataclasses.fields(M)[0].default = 5.0
=== namespace-in-a-namespace
o = types.SimpleNamespace(a=types.SimpleNamespace(k=2.0))
def f(x): return x * o.a.k
--- then
o.a.k = 5.0
=== parsed-arguments
import argparse
o = argparse.Namespace(lr=2.0)
def f(x): return x * o.lr
--- then
o.lr = 5.0
=== enum-value-is-a-list
class E(enum.Enum): A = [2.0]
def f(x): return x * E.A.value[0]
--- then
E.A.value[0] = 5.0
=== copied-object
o = O(); o.k = 2.0
def f(x): return x * copy.copy(o).k
--- then
o.k = 5.0
=== deeply-copied-list
K = [[2.0]]
def f(x): return x * copy.deepcopy(K)[0][0]
--- then
K[0][0] = 5.0
=== set-of-objects
o = O(); o.k = 2.0; S = {o}
def f(x): return x * sum(p.k for p in S)
--- then
o.k = 5.0
=== keys-that-are-objects
o = O(); o.k = 2.0; D = {o: 1.0}
def f(x): return x * sum(p.k for p in D)
--- then
o.k = 5.0
=== weak-set
o = O(); o.k = 2.0; S = weakref.WeakSet([o])
def f(x): return x * sum(p.k for p in S)
--- then
o.k = 5.0
--- then
p = O(); p.k = 3.0; S.add(p)
=== weak-proxy
o = O(); o.k = 2.0; p = weakref.proxy(o)
def f(x): return x * p.k
--- then
o.k = 5.0
=== weak-method
class M:
    k = 2.0
    def g(self): return self.k
o = M(); r = weakref.WeakMethod(o.g)
def f(x): return x * r()()
--- then
o.k = 5.0
=== objects-in-an-array
o = O(); o.k = 2.0
A = np.array([o, None], object)
def f(x): return x * A[0].k
--- then
o.k = 5.0
--- then
p = O(); p.k = 3.0; A[0] = p
=== objects-in-a-transposed-array
A = np.array([[2.0, None], [None, 3.0]], object).T
def f(x): return x * A[1, 1]
--- then
A[1, 1] = 5.0
=== objects-in-a-deque
o = O(); o.k = 2.0; D = collections.deque([o])
def f(x): return x * D[0].k
--- then
o.k = 5.0
=== exception-held
E = ValueError(2.0); E.k = 3.0
def f(x): return x * E.args[0] * E.k
--- then
E.args = (5.0,)
--- then
E.k = 7.0
=== context-manager-holds-an-object
o = O(); o.k = 2.0
n = contextlib.nullcontext(o)
def f(x):
    with n as p: return x * p.k
--- then
o.k = 5.0
--- then
p = O(); p.k = 3.0; n.enter_result = p
=== string-subclass
class S(str): pass
s = S("a"); s.k = 2.0
def f(x): return x * s.k
--- then
s.k = 5.0
=== float-subclass
class F(float): pass
s = F(2.0); s.k = 2.0
def f(x): return x * s.k
--- then
s.k = 5.0
=== iterated-class
class M(type):
    def __iter__(cls): return iter(cls.K)
class A(metaclass=M): K = [2.0]
def f(x): return x * sum(A)
--- then
A.K[0] = 5.0
## outside: further arrays
=== item-of-a-structured-array-held
A = np.array([(2.0, 1)], [("k", float), ("n", int)]); R = A[0]
def f(x): return x * R["k"]
--- then
A["k"] = 5.0
=== flat-iterator-held
A = np.array([2.0, 3.0]); F = A.flat
def f(x): return x * F[0]
--- then
A[0] = 5.0
=== masked-array-mask
A = np.ma.array([1.0, 2.0, 3.0], mask=[False, False, True])
def f(x): return x * float(A.sum())
--- then
A.mask[2] = False; A._mask[0] = True
=== polynomial
P = np.poly1d([1.0, 2.0])
def f(x): return x * P(3.0)
--- then
P[0] = 7.0
=== polynomial-of-a-basis
P = np.polynomial.Polynomial([1.0, 2.0])
def f(x): return x * P(3.0)
--- then
P.coef[0] = 7.0
=== vectorized-function-replaced
v = np.vectorize(lambda n: n * 2.0)
def f(x): return x * v(np.ones(3))
--- then
v.pyfunc = lambda n: n * 5.0
=== array-in-fortran-order
A = np.asfortranarray(np.ones((60, 60)))
def f(x): return x * A.sum()
--- then
A[7, 7] = 5.0
=== array-in-no-order
A = np.ones((60, 60))[::2, ::3]
def f(x): return x * A.sum()
--- then
A[7, 7] = 5.0
=== array-of-another-byte-order
A = np.ones(600, ">f8")
def f(x): return x * A.sum()
--- then
A[7] = 5.0
=== array-of-dates
A = np.array(["2020-01-01", "2020-01-03"], "M8[D]")
def f(x): return x * (A[1] - A[0]).astype(int)
--- then
A[0] = A[0] - 4
=== array-of-half-precision
A = np.ones(3000, np.float16)
def f(x): return x * float(A.sum())
--- then
A[7] = 5.0
=== array-dtype-in-place
A = np.arange(3.0)
def f(x): return x * A.view(A.dtype).astype(float)
--- then
A.dtype = np.int64
=== array-shape-in-place
A = np.arange(6.0)
def f(x): return x * A.reshape(-1, 3).shape[0] * len(A)
--- then
A.shape = (2, 3)
=== array-emptied
A = np.ones(3)
def f(x): return x * (A.size + 1)
--- then
A.resize(0, refcheck=False)
=== array-frozen-replaced
A = ag.frozen(np.ones(30_000))
def f(x): return x * A.sum()
--- then
A = ag.frozen(np.full(30_000, 5.0))
=== array-huge-replaced
A = np.ones(300_000)
def f(x): return x * A[:3]
--- then
A = np.full(300_000, 5.0)
=== array-huge-written-to
A = np.ones(300_000)
def f(x): return x * A[:3]
--- then
A[1] = 5.0
=== array-huge-in-a-product
A = np.ones((3, 100_000))
def f(x): return (x @ A)[:3]
--- then
A[1, 1] = 5.0
=== array-huge-written-by-its-row
A = np.ones((3, 100_000))
def f(x): return x * A[1, :3]
--- then
B = A[1]; B[2] = 5.0
=== array-huge-scaled
A = np.ones(300_000)
def f(x): return x * A.sum()
--- then
A *= 5.0
=== array-huge-labels
S, y = np.random.default_rng(0).normal(size=(200_000, 3)), np.zeros(200_000, int)
def f(x): return ag.softmax_cross_entropy(S * x, y)
--- then
y[77] = 1
=== batch-filled-in-place
B = np.empty((64, 3))
def f(x): return np.sum(np.tanh(B * x))
--- calls
for k in range(20):
    B[...] = k / 20
    see(c(X))
=== batch-filled-in-place-and-read
B = np.ones((640, 3))
def f(x): return np.sum(np.tanh(B * x)) * B.sum()
--- then
B[7] = 5.0
=== batch-aliased-and-read
B = np.ones((640, 3))
def f(x):
    a = B
    return np.sum(np.tanh(B * x)) * a.sum()
--- then
B[7] = 5.0
=== batch-read-by-a-helper
B = np.ones((640, 3))
def g(a, x): return a * x + float(a[7, 0])
def f(x): return np.sum(np.tanh(g(B, x)))
--- then
B[7] = 5.0
=== batch-scaled-on-the-way
B = np.ones((640, 3))
def f(x): return np.sum(np.tanh(B * x)) + np.sum(B * 2.0 * x)
--- then
B[7] = 5.0
=== batch-decides-a-branch
B = np.ones((640, 3))
def f(x): return np.sum(B * x) if B[7, 0] < 3 else np.sum(x)
--- then
B[7] = 5.0
=== batch-as-a-mask
M = np.zeros(3000, bool); M[:30] = True
def f(x): return np.sum(np.ones(3000)[M] * x[0])
--- then
M[:60] = True
=== mask-of-an-argument
M = np.zeros(3000, bool); M[:30] = True
def f(x): return np.sum(np.concatenate([x] * 1000)[M])
--- then
M[:60] = True
=== large-array-used-twice
B = np.ones((640, 3))
def f(x): return np.sum(B * x) + np.sum(np.tanh(x @ B.T))
--- then
B[7] = 5.0
=== gradient-with-respect-to-a-parameter-times-data
B, W = np.ones((640, 3)), Parameter(W0)
def f(x):
    W.zero_grad(); loss = np.sum(np.tanh(B * W) * x); loss.backward()
    return loss
--- see
W.grad
--- then
B[7] = 5.0
=== result-is-the-large-array
B = np.ones((640, 3))
def f(x): return B, x * 2
--- calls
see(*c(X))
B[7] = 5.0
see(*c(X))
=== argument-shares-memory-with-the-outside
B = np.ones((300, 3))
def f(x): return x * B[0], np.sum(B)
--- calls
see(c(X))
B[0] = 5.0
see(c(B[0]))
B[1] = 7.0
see(c(B[1]))
"""
