"""Ways to go stale: what Python sees of a traced value, memory that is shared. See `stale.py`."""

WAYS = r"""
## trap: types
=== isinstance-ndarray
def f(x): return x * 2 if isinstance(x, np.ndarray) else x * 3
=== isinstance-tensor
def f(x): return x * 2 if isinstance(x, Tensor) else x * 3
=== isinstance-tensor-of-a-tensor
def f(x): return x * 2 if isinstance(x, Tensor) else x * 3
--- calls
t = Tensor(W0)
see(c(t)); see(c(X)); see(c(t))
=== isinstance-parameter
W = Parameter(W0)
def f(x): return x * W if isinstance(W, Parameter) else x
=== isinstance-of-a-result
def f(x):
    y = np.tanh(x)
    return y * 2 if isinstance(y, np.ndarray) else y * 3
=== isinstance-of-a-sum
def f(x):
    y = np.sum(x)
    return y * 2 if isinstance(y, np.floating) else y * 3
=== isinstance-float-of-a-sum
def f(x):
    y = np.sum(x)
    return y * 2 if isinstance(y, float) else y * 3
=== isinstance-float
def f(x, s): return x * s if isinstance(s, float) else x * 0
--- calls
see(c(X, 0.5)); see(c(X, 1.5))
=== isinstance-float-of-numpy
def f(x, s): return x * s if isinstance(s, float) else x * 0
--- calls
see(c(X, np.float64(0.5))); see(c(X, np.float64(1.5))); see(c(X, np.float32(1.5)))
=== isinstance-real
import numbers
def f(x, s): return x * s if isinstance(s, numbers.Real) else x * 0
--- calls
see(c(X, 0.5)); see(c(X, 2)); see(c(X, np.float32(1.5)))
=== isinstance-int
def f(x, n): return x * n if isinstance(n, int) else x * 0
--- calls
see(c(X, 2)); see(c(X, 2.0)); see(c(X, np.int64(2))); see(c(X, True))
=== type-is-float
def f(x, s): return x * s if type(s) is float else x * 0
--- calls
see(c(X, 0.5)); see(c(X, 1.5)); see(c(X, np.float64(1.5)))
=== type-is-ndarray
def f(x): return x * 2 if type(x) is np.ndarray else x * 3
=== type-name
def f(x): return x * len(type(x).__name__)
=== class-attribute-of-a-value
def f(x): return x * 2 if x.__class__ is np.ndarray else x * 3
=== is-scalar
def f(x, s): return x * 2 if np.isscalar(s) else x * 3
--- calls
see(c(X, 0.5)); see(c(X, X)); see(c(X, np.float64(2)))
=== is-scalar-of-a-sum
def f(x): return x * 2 if np.isscalar(np.sum(x)) else x * 3
=== callable-of-a-value
def f(x): return x * 2 if callable(x) else x * 3
=== has-attribute
def f(x): return x * 2 if hasattr(x, "backward") else x * 3
=== has-shape-of-a-float
def f(x, s): return x * s if hasattr(s, "shape") else x * s + 1
--- calls
see(c(X, 0.5)); see(c(X, np.float64(0.5))); see(c(X, X))
=== get-attribute-by-name
def f(x): return x * getattr(x, "requires_grad", 7.0)
=== issubclass
def f(x): return x * 2 if issubclass(type(x), np.ndarray) else x * 3
=== matched-type
def f(x):
    match x:
        case np.ndarray(): return x * 2
        case _: return x * 3
=== matched-float
def f(x, s):
    match s:
        case float(): return x * s
        case _: return x * 3
--- calls
see(c(X, 0.5)); see(c(X, 1.5))
=== single-dispatch-on-a-value
@functools.singledispatch
def g(x): return x * 3
@g.register
def _(x: np.ndarray): return x * 2
def f(x): return g(x)
=== dtype-of-a-value
def f(x): return x * 2 if x.dtype == np.float64 else x * 3
--- calls
see(c(X)); see(c(X.astype(np.float32))); see(c(X))
=== flags-of-a-value
def f(x): return x * 2 if x.flags.c_contiguous else x * 3
--- calls
see(c(X)); see(c(np.arange(6.0)[::2]))
=== strides-of-a-value
def f(x): return x * x.strides[0]
--- calls
see(c(X)); see(c(np.arange(6.0)[::2]))
=== base-of-a-value
def f(x): return x * 2 if x.base is None else x * 3
--- calls
see(c(X)); see(c(np.arange(6.0)[:3]))
=== size-of-a-value
def f(x): return x * x.size + len(x) + x.ndim + x.shape[0] + x.nbytes + x.itemsize
--- calls
see(c(X)); see(c(np.ones(4)))
=== types-of-results
def f(x): return x * 2, np.sum(x), x > 0, x[0]
--- calls
for a in (X, Y): see([type(r).__name__ for r in c(a)])
=== type-of-a-result-with-a-parameter
W = Parameter(W0)
def f(x): return x * W
--- calls
for a in (X, Y): see(type(c(a)).__name__)
=== type-of-a-float-result
def f(s): return s * 2.0
--- calls
for a in (0.5, np.float64(0.5), np.float32(0.5), np.array(0.5)): see(type(c(a)).__name__, c(a))
=== types-of-constant-results
def f(x): return 2.0, 3, "a", None, [1], (x, 1), {"a": x}
--- calls
for a in (X, Y): r = c(a); see(r, [type(v).__name__ for v in r[:5]])
=== requires-grad-of-a-result
W = Parameter(W0)
def f(x): return x * W
--- calls
for a in (X, Y): see(np.asarray(c(a).detach()))
=== type-of-a-gradient
W = Parameter(W0)
def f(x):
    W.zero_grad(); loss = np.sum(x * W); loss.backward()
    return loss
--- see
type(W.grad).__name__
## trap: values
=== str-of-a-value
def f(x): return x * len(str(x))
--- calls
see(c(X)); see(c(np.array([1 / 3, 2.0, 3.0])))
=== repr-of-a-value
def f(x): return x * len(repr(x))
--- calls
see(c(X)); see(c(np.array([1 / 3, 2.0, 3.0])))
=== f-string-of-a-value
out = []
def f(x):
    out.append(f"{np.sum(x):.3f}")
    return x * 2
--- see
out
=== f-string-of-a-shape
def f(x): return x * len(f"{x.shape}")
=== str-as-a-key
seen = {}
def f(x):
    seen[str(np.sum(x))] = 1
    return x * len(seen)
--- see
seen
=== hash-of-a-number
def f(x): return x * (hash(x[0]) % 7)
=== hash-of-a-float-argument
def f(x, s): return x * (2 if s in {0.5, 3.0} else 7)
--- calls
see(c(X, 0.5)); see(c(X, 1.5)); see(c(X, 3.0))
=== float-argument-as-a-key
def f(x, s): return x * {0.5: 2, 1.5: 3}[s]
--- calls
see(c(X, 0.5)); see(c(X, 1.5))
=== float-argument-in-a-cache
@functools.cache
def g(s): return s * 2
def f(x, s): return x * g(s)
--- calls
see(c(X, 0.5)); see(c(X, 1.5)); see(c(X, 0.5))
=== id-of-a-value
seen = {}
def f(x):
    k = seen.setdefault(id(x), len(seen))
    return x * (k + 1)
--- calls
for a in (X, Y, X): see(c(a))
=== same-object-twice
def f(x, y): return x * 2 if x is y else x * 3
--- calls
see(c(X, X)); see(c(X, Y)); see(c(X, X.copy())); see(c(Y, Y))
=== different-objects-then-the-same
def f(x, y): return x * 2 if x is y else x * 3
--- calls
see(c(X, Y)); see(c(X, X)); see(c(Y, X))
=== same-float-twice
def f(s, r, x): return x * 2 if s is r else x * 3
--- calls
a, b = float("1.5"), float("1.5")
see(c(a, a, X)); see(c(a, b, X))
=== same-tensor-twice
def f(x, y): return x * 2 if x is y else x * 3
--- calls
s, t = Tensor(X), Tensor(Y)
see(c(s, s)); see(c(s, t)); see(c(t, t))
=== same-parameter-as-from-outside
W, V = Parameter(W0), Parameter(W0)
def f(x, p): return x * 2 if p is W else x * 3
--- calls
see(c(X, W)); see(c(X, V)); see(c(X, W))
=== same-array-as-from-outside
def f(x): return x * 2 if x is X else x * 3
--- calls
see(c(X)); see(c(Y)); see(c(X))
=== argument-in-a-list-of-arrays
L = [X]
def f(x): return x * 2 if any(x is a for a in L) else x * 3
--- calls
see(c(X)); see(c(Y)); see(c(X))
=== equal-to-none
def f(x): return x * 2 if x is None else x * 3
=== comparison-to-none
def f(x): return x * 2 if x == None else x * 3
=== truth-of-a-value
def f(x): return x * 2 if np.sum(x) > 1.6 else x * 3
=== truth-of-any
def f(x): return x * 2 if (x < -0.5).any() else x * 3
=== truth-of-a-float-argument
def f(x, s): return x * 2 if s else x * 3
--- calls
see(c(X, 0.5)); see(c(X, 0.0)); see(c(X, 1.0))
=== comparison-of-a-float-argument
def f(x, s): return x * 2 if s > 1 else x * 3
--- calls
see(c(X, 0.5)); see(c(X, 1.5)); see(c(X, 0.5))
=== and-or-of-values
def f(x, s): return x * (s or 3.0)
--- calls
see(c(X, 0.5)); see(c(X, 0.0))
=== min-max-of-values
def f(x): return max(x[0], x[1]) * 2 + min(x[1], x[2])
=== sum-of-values
def f(x): return sum(x) * 2
=== float-of-a-value
def f(x): return x * float(np.sum(x))
=== int-of-a-value
def f(x): return x * int(np.sum(x))
=== int-of-a-float-argument
def f(x, s): return x * int(s)
--- calls
see(c(X, 1.5)); see(c(X, 2.5))
=== item-of-a-value
def f(x): return x * x[0].item()
=== tolist-of-a-value
def f(x): return x * x.tolist()[0]
=== math-of-a-value
def f(x): return x * math.exp(x[0])
=== math-of-a-float-argument
def f(x, s): return x * math.exp(s)
--- calls
see(c(X, 0.5)); see(c(X, 1.5))
=== math-isnan-of-a-float-argument
def f(x, s): return x * 2 if math.isnan(s) else x * 3
--- calls
see(c(X, 0.5)); see(c(X, float("nan")))
=== math-prod-of-a-shape
def f(x): return x * math.prod(x.shape)
=== range-of-a-float
def f(x, s): return sum((x * k for k in range(int(s))), x)
--- calls
see(c(X, 2.0)); see(c(X, 3.0))
=== value-as-an-index
def f(x): return W0[int(x[2])] * x
=== argmax-as-an-index
def f(x): return x[np.argmax(x)] * x
=== argmax-to-int-as-an-index
def f(x): return W0[int(np.argmax(x))] * x
=== sort-of-values
def f(x): return x[np.argsort(x)] * W0
=== mask-of-another-count
def f(x): return np.sum(x[x > 0] * 2.0)
--- calls
for a in (X, Y, -X, np.ones(3), -np.ones(3)): see(c(a))
=== nonzero-of-another-count
def f(x): return x[np.nonzero(x > 0)] * 2.0
--- calls
for a in (X, Y, -X, np.ones(3), -np.ones(3)): see(c(a))
=== unique-of-another-count
def f(x): return np.unique(x).size * x
--- calls
for a in (X, np.ones(3)): see(c(a))
=== boolean-sum-of-another-count
def f(x): return x / (x > 0).sum()
=== array-of-a-value
def f(x): return np.array([x[0], x[1] * 2, 3.0]) * x
=== asarray-of-a-value
def f(x): return np.asarray(x) * 2
=== empty-like-filled
def f(x):
    out = np.empty_like(x)
    for k in range(3): out[k] = x[k] * k
    return out
=== zeros-filled-with-a-value
def f(x):
    out = np.zeros(3)
    out[1] = x[1]
    return out * 2
=== iteration-over-a-value
def f(x): return sum(v * v for v in x)
=== unpacking-of-a-value
def f(x):
    a, b, d = x
    return a * b + d
=== contains-of-a-value
def f(x): return x * 2 if 2.0 in x else x * 3
=== exceptions-by-value
def f(x):
    try:
        if x[0] > 0: raise ValueError
        return x * 2
    except ValueError: return x * 3
=== exception-caught-from-a-shape
def f(x):
    try: return x @ np.ones((4, 4))
    except ValueError: return x * 3
--- calls
see(c(X)); see(c(np.ones(4)))
=== refusal-swallowed
def f(x):
    try: return x * float(x[0])
    except Exception: return x * 7
=== refusal-swallowed-bare
def f(x):
    try: k = 2 if x[0] > 0 else 3
    except TypeError: k = 7
    return x * k
=== pickled-value
import pickle
def f(x): return pickle.loads(pickle.dumps(x)) * 2
=== copied-value
def f(x): return copy.copy(x) * 2 + copy.deepcopy(x)
=== thread-inside
import threading
def f(x):
    out = []
    t = threading.Thread(target=lambda: out.append(x * 2)); t.start(); t.join()
    return out[0]
=== int-argument
def f(x, n): return x ** n
--- calls
for n in (2, 3, 2, -1): see(c(X, n))
=== bool-argument-beside-int
def f(x, n): return x * 10 if n is True else x * n
--- calls
for n in (1, True, 1, 0, False): see(c(X, n))
=== bool-beside-float
def f(x, n): return x * n
--- calls
for n in (1.0, True, 1, np.True_, np.float32(1)): see(c(X.astype(np.float32), n))
=== string-argument
def f(x, how): return getattr(np, how)(x)
--- calls
for how in ("tanh", "exp", "tanh"): see(c(X, how))
=== nan-argument
def f(x, s): return x * s
--- calls
for s in (float("nan"), float("nan"), 1.0, float("-inf"), -0.0): see(c(X, s))
=== sign-of-zero-argument
def f(x, s): return x / s
--- calls
for s in (0.0, -0.0, 1.0, -0.0): see(c(X, s))
=== array-then-float-argument
def f(x, s): return x * s
--- calls
for s in (X, 2.0, X, np.float64(3), 2): see(c(Y, s))
=== list-argument-of-numbers
def f(x, s): return x * s[0] + len(s)
--- calls
for s in ([1.0, 2.0], [2.0, 2.0], [2.0], (2.0,), [2]): see(c(X, s))
=== dict-argument-in-another-order
def f(x, d): return x * list(d.values())[0]
--- calls
for d in ({"a": 1.0, "b": 2.0}, {"b": 2.0, "a": 1.0}, {"a": 3.0}): see(c(X, d))
=== keywords-in-another-order
def f(x, **k): return x * list(k.values())[0]
--- calls
see(c(X, a=1.0, b=2.0)); see(c(X, b=2.0, a=1.0)); see(c(x=X, a=3.0))
=== positional-then-keyword
def f(x, k=2.0): return x * k
--- calls
see(c(X)); see(c(X, 3.0)); see(c(X, k=4.0)); see(c(k=5.0, x=X)); see(c(X))
=== wrong-arguments
def f(x, k): return x * k
--- calls
see(c(X, 2.0)); see(c(X))
=== object-argument-as-a-key
def f(x, d): return x * d[O]
--- calls
see(c(X, {O: 2.0})); see(c(X, {O: 3.0}))
=== none-then-array
def f(x, m): return x * 2 if m is None else x * m
--- calls
for m in (None, Y, None, W0): see(c(X, m))
=== shape-decides
def f(x): return x * 2 if len(x) == 3 else np.sum(x)
--- calls
for a in (X, np.ones(4), X): see(c(a))
=== batch-of-none
def f(x): return np.sum(x * 2, axis=0)
--- calls
for n in (3, 0, 1, 3): see(c(np.ones((n, 2))))
## memory
=== argument-returned
def f(x): return x
--- calls
a = X.copy(); see(c(a)); a[0] = 9; see(c(a)); see(c(Y))
=== argument-returned-twice
def f(x): return x, x
--- calls
a = X.copy(); see(c(a)); a[0] = 9; see(c(a)); see(c(Y))
=== view-of-an-argument-returned
def f(x): return x[1:]
--- calls
a = X.copy(); see(c(a)); a[1] = 9; see(c(a)); see(c(Y))
=== transposed-argument-returned
def f(x): return x.T
--- calls
a = np.ones((2, 3)); see(c(a)); a[:] = 9; see(c(a)); see(c(np.zeros((2, 3))))
=== argument-written-to
def f(x):
    x[0] = 5.0
    return x * 2
--- calls
for a in (X.copy(), Y.copy(), X.copy()): see(c(a), a)
=== argument-augmented
def f(x):
    x *= 2
    return x + 1
--- calls
for a in (X.copy(), Y.copy(), X.copy()): see(c(a), a)
=== argument-written-by-out
def f(x):
    np.multiply(x, 2, out=x)
    return x + 1
--- calls
for a in (X.copy(), Y.copy(), X.copy()): see(c(a), a)
=== argument-view-written-to
def f(x):
    v = x[1:]
    v += 1
    return x * 2
--- calls
for a in (X.copy(), Y.copy(), X.copy()): see(c(a), a)
=== argument-sorted-in-place
def f(x):
    x.sort()
    return x * 2
--- calls
for a in (X.copy(), Y.copy(), X.copy()): see(c(a), a)
=== argument-filled
def f(x, out):
    out[:] = x * 2
    return np.sum(out)
--- calls
o = np.zeros(3)
for a in (X, Y, X): see(c(a, o), o)
=== argument-read-only-written-to
def f(x):
    x[0] = 5.0
    return x * 2
--- calls
see(c(X.copy()))
a = X.copy(); a.flags.writeable = False
see(c(a), a)
=== tensor-argument-written-to
def f(t):
    t[0] = 5.0
    return t * 2
--- calls
for a in (X, Y, X):
    t = Tensor(a.copy(), requires_grad=False); see(c(t), t)
=== list-argument-appended
def f(x, out):
    out.append(1)
    return x * len(out)
--- calls
o = []
for a in (X, Y, X): see(c(a, o), o)
=== list-argument-gets-a-value
def f(x, out):
    out.append(x * 2)
    return x * 3
--- calls
o = []
for a in (X, Y): see(c(a, o), o)
=== dict-argument-gets-a-value
def f(x, out):
    out["y"] = x * 2
    return x * 3
--- calls
for a in (X, Y): o = {}; see(c(a, o), o)
=== results-kept
def f(x): return x * 2, np.exp(x), np.sum(x)
--- calls
r = c(X); s = c(Y); t = c(X + 1); see(r, s, t, r)
=== results-written-to
def f(x): return x * 2 + 1
--- calls
for a in (X, Y, X):
    r = c(a)
    if type(r) is np.ndarray: r *= 0
    see(c(a))
=== result-is-a-constant
W = np.ones(3)
def f(x): return W
--- calls
r = c(X); see(r); W[0] = 5.0; see(c(X)); see(c(Y))
=== result-is-a-view-of-a-constant
W = np.ones(3)
def f(x): return W[1:], x * 2
--- calls
r = c(X); see(r); W[1] = 5.0; see(c(X)); see(c(Y))
=== result-is-a-parameter
W = Parameter(W0)
def f(x): return W
--- then
W.data = W0 * 2
=== result-is-the-data-of-a-parameter
W = Parameter(W0)
def f(x):
    old = W.data
    W.zero_grad(); loss = np.sum(W * x); loss.backward(); W.descend(W.grad, 0.5)
    return old, W.data
--- calls
kept = [c(X), c(Y), c(X)]; see(kept, W)
=== result-is-a-view-of-a-parameter
W = Parameter(W0)
def f(x):
    old = W[:2]
    W.zero_grad(); loss = np.sum(W * x); loss.backward(); W.descend(W.grad, 0.5)
    return old
--- calls
kept = [c(X), c(Y), c(X)]; see(kept, W)
=== result-is-a-gradient
W = Parameter(W0)
def f(x):
    W.zero_grad(); loss = np.sum(W * x); loss.backward()
    return W.grad
--- calls
r = c(X); s = c(Y); see(r, s, W.grad)
=== gradient-held-by-the-caller
W = Parameter(W0)
def f(x):
    W.zero_grad(); loss = np.sum(W * x); loss.backward()
    return loss
--- calls
c(X); g = W.grad; c(Y); see(g, W.grad)
c(X); W.grad *= 0; c(Y); see(W.grad)
=== data-held-by-the-caller
W = Parameter(W0)
def f(x):
    W.zero_grad(); loss = np.sum(W * x * W); loss.backward(); W.descend(W.grad, 0.1)
    return loss
--- calls
kept = []
for a in (X, Y, X, Y): c(a); kept.append(W.numpy())
see(kept)
=== arguments-overwritten-by-the-caller
def f(x): return np.exp(x) * 2
--- calls
a = X.copy(); r = c(a); a[:] = Y; s = c(a); a[:] = 0; see(r, s)
=== arguments-overwritten-by-the-result
def f(x): return np.exp(x) * 0.1
--- calls
a = X.copy()
for _ in range(4):
    r = c(a); a[:] = r.numpy() if isinstance(r, Tensor) else r
see(a)
=== result-fed-back
def f(x): return np.tanh(x) * 2
--- calls
a = X
for _ in range(5): a = c(a)
see(a)
=== two-results-fed-back
def f(x, y): return y * 0.5, x + y
--- calls
a, b = X, Y
for _ in range(5): a, b = c(a, b)
see(a, b)
=== same-array-passed-twice
def f(x, y): return x * 2 + y * y
--- calls
see(c(X, Y)); see(c(X, X)); see(c(Y, X)); see(c(Y, Y))
=== same-array-passed-twice-and-written-to
def f(x, y):
    x[0] = 7.0
    return y * 2
--- calls
a, b = X.copy(), Y.copy()
see(c(a, b)); see(c(a, a)); see(a)
=== overlapping-views-as-arguments
def f(x, y): return x * y[::-1] + np.sum(x)
--- calls
B = np.arange(6.0)
see(c(B[:3], B[3:])); see(c(B[:3], B[1:4])); see(c(B[2:5], B[1:4]))
=== overlapping-views-and-written-to
def f(x, y):
    x[:] = x * 2
    return y + 1
--- calls
B = np.arange(6.0)
see(c(B[:3], B[3:]), B); see(c(B[:3], B[1:4]), B)
=== broadcast-view-as-an-argument
def f(x): return np.exp(x) * 2
--- calls
see(c(X)); see(c(np.broadcast_to(2.0, 3))); see(c(Y))
=== argument-is-the-data-of-a-parameter
W = Parameter(W0)
def f(x):
    W.zero_grad(); loss = np.sum(W * x); loss.backward(); W.descend(W.grad, 0.5)
    return loss, x * 2
--- calls
for _ in range(3): see(c(W.numpy()), W)
=== argument-is-a-view-of-a-parameter
W = Parameter(W0)
def f(x):
    W.zero_grad(); loss = np.sum(W[:2] * x); loss.backward(); W.descend(W.grad, 0.5)
    return loss, x * 2
--- calls
for _ in range(3): see(c(W.numpy()[1:]), W)
=== argument-is-a-gradient
W = Parameter(W0)
def f(x):
    W.zero_grad(); loss = np.sum(W * W * x); loss.backward()
    return loss
--- calls
c(X)
for _ in range(3): see(c(W.grad * 1.0), c(W.grad), W.grad)
=== parameter-as-an-argument-and-from-outside
W = Parameter(W0)
def f(p):
    p.zero_grad(); loss = np.sum(p * W); loss.backward()
    return loss
--- calls
V = Parameter(W0 * 2)
for p in (W, V, W): W.zero_grad(); see(c(p), p.grad, W.grad)
=== two-parameters-share-an-array
A = W0.copy(); V, W = Parameter(A), Parameter(A)
def f(x):
    V.zero_grad(); W.zero_grad(); loss = np.sum(V * W * x); loss.backward()
    V.descend(V.grad, 0.1); W.descend(W.grad, 0.1)
    return loss
--- see
V, W
=== two-gradients-share-an-array
V, W = Parameter(W0), Parameter(W0 * 2)
def f(x):
    loss = np.sum((V + W) * x); loss.backward()
    return loss
--- see
V.grad, W.grad
--- then
V.grad = W.grad = np.ones(3)
=== parameter-of-an-array-that-changes
A = W0.copy(); W = Parameter(A)
def f(x): return W * x
--- then
A[:] = 9.0
=== argument-of-another-layout
def f(x): return np.sum(np.exp(x) * x[::-1])
--- calls
A = np.random.default_rng(0).normal(size=(40, 30))
for a in (A, np.asfortranarray(A), A[::2], A[:, ::-1], A[::-1]): see(c(a), c(a.copy()))
=== argument-unaligned
def f(x): return np.exp(x) * 2
--- calls
a = np.zeros(25, np.uint8)[1:].view(float); a[:] = X
see(c(X)); see(c(a)); see(c(X))
=== argument-byte-swapped
def f(x): return np.exp(x) * 2
--- calls
see(c(X)); see(c(X.astype(">f8"))); see(c(X))
=== argument-of-no-dimension
def f(x): return np.squeeze(x * 2.0) + np.sum(np.exp(x))
--- calls
for a in (np.ones(1), np.full(1, 2.0), np.array(3.0), np.float64(3)): see(c(a))
=== view-of-no-dimension
def f(x): return (x * 2.0)[..., 0] + np.sum(np.exp(x))
--- calls
for a in (np.ones(1), np.full(1, 2.0), np.ones(1)): see(c(a))
=== fresh-gives-the-same-array
B = np.ones(3)
def draw():
    B[:] = B * 2
    return B
def f(x): return ag.fresh(draw) * 1.0, ag.fresh(draw)
--- calls
see(c(X)); see(c(X)); see(c(X))
=== fresh-gives-an-argument
a = X.copy()
def f(x): return x * 2 + ag.fresh(lambda: a)
--- calls
see(c(a)); a[0] = 9; see(c(a))
=== fresh-changes-an-argument
a = X.copy()
def bump():
    a[0] += 1
    return np.zeros(3)
def f(x):
    y = x * 2
    z = ag.fresh(bump)
    return y + z, x * 3
--- calls
for _ in range(3): see(c(a))
=== write-to-a-copy
def f(x):
    y = x.copy()
    y[0] = 5.0
    return y, x * 2
--- calls
for a in (X, Y): see(c(a), a)
=== write-to-a-product
def f(x):
    y = x * 2
    y[y < 0] = 0
    return y
=== swap-of-two-parameters
V, W = Parameter(W0), Parameter(W0 * 2)
def f(x):
    old = V.data * 1.0
    V.data = W.data * 1.0; W.data = old
    return x * 2
--- see
V, W
=== swap-of-two-parameters-without-copies
V, W = Parameter(W0), Parameter(W0 * 2)
def f(x):
    V.data, W.data = W.data, V.data
    return x * 2
--- see
V, W
## kinds of function
=== method
class M:
    def __init__(self, k): self.k = k
    @compile
    def step(self, x): return x * self.k
a, b = M(2.0), M(3.0)
c = a.step
--- calls
see(a.step(X), b.step(X)); a.k = 5.0; see(a.step(X), b.step(Y)); see(a.step(Y))
=== method-of-a-class-with-equality
@dataclasses.dataclass
class M:
    k: float
    @compile
    def step(self, x): return x * self.k
a, b = M(2.0), M(2.0)
c = a.step
--- calls
see(a.step(X), b.step(X)); a.k = 5.0; see(a.step(X), b.step(Y)); see(a.step(Y))
=== method-with-slots
class M:
    __slots__ = ("k",)
    @compile
    def step(self, x): return x * self.k
a = M(); a.k = 2.0
c = a.step
--- calls
see(a.step(X)); a.k = 5.0; see(a.step(X))
=== method-inherited
class A:
    k = 2.0
    @compile
    def step(self, x): return x * self.k
class B(A): k = 3.0
c = B().step
--- calls
see(A().step(X), B().step(X), B().step(Y)); B.k = 5.0; see(B().step(X), A().step(Y))
=== method-calls-super
class A:
    def step(self, x): return x * 2
class B(A):
    @compile
    def step(self, x): return super().step(x) + 1
c = B().step
--- calls
see(c(X)); A.step = lambda self, x: x * 5; see(c(X))
=== class-method
class M:
    k = 2.0
    @classmethod
    @compile
    def step(cls, x): return x * cls.k
class N(M): k = 3.0
c = M.step
--- calls
see(M.step(X), N.step(X)); M.k = 5.0; see(M.step(X), N.step(Y))
=== static-method
class M:
    @staticmethod
    @compile
    def step(x): return x * 2
c = M.step
--- calls
see(M.step(X), M().step(Y))
=== method-many-objects
class M:
    def __init__(self, k): self.k = k
    @compile
    def step(self, x): return x * self.k
c = M(0).step
--- calls
for k in range(20): see(M(float(k)).step(X))
=== method-trains
class Net:
    def __init__(self, s): self.W, self.t = Parameter(W0 * s), 0
    @compile
    def step(self, x):
        self.W.zero_grad(); loss = np.sum((self.W * x) ** 2); loss.backward()
        self.W.descend(self.W.grad, 0.1)
        return loss
a, b = Net(1.0), Net(2.0)
c = a.step
--- calls
for n in (a, b, a, b): see(n.step(X), n.W)
=== module-forward-compiled
class Net(nn.Module):
    def __init__(self): self.fc = nn.Linear(3, 2, seed=0)
    @compile
    def forward(self, x): return np.tanh(self.fc(x))
net = Net()
c = net
--- calls
see(net(X[None])); net.fc = nn.Linear(3, 2, seed=4); see(net(X[None]))
=== generator-function
def f(x):
    yield x * 2
    yield x * 3
--- calls
see(list(c(X))); see(list(c(Y)))
=== returns-a-generator
def f(x): return (x * k for k in range(3))
--- calls
see(list(c(X))); see(list(c(Y)))
=== returns-a-map
def f(x): return map(lambda k: x * k, [1.0, 2.0])
--- calls
see(list(c(X))); see(list(c(Y)))
=== returns-a-function
def f(x): return lambda y: x * y
--- calls
see(c(X)(Y)); see(c(Y)(Y))
=== returns-an-object
class R:
    def __init__(self, y): self.y = y
def f(x): return R(x * 2)
--- calls
see(c(X).y); see(c(Y).y)
=== returns-a-dataclass
@dataclasses.dataclass
class R:
    y: object
def f(x): return R(x * 2)
--- calls
see(c(X).y); see(c(Y).y)
=== returns-a-named-tuple
R = collections.namedtuple("R", "y z")
def f(x): return R(x * 2, 3)
--- calls
for a in (X, Y): r = c(a); see(r.y, r.z)
=== returns-a-set-of-strings
def f(x): return {"a"}, x * 2
--- calls
for a in (X, Y): r = c(a); see(sorted(r[0]), r[1])
=== returns-an-outside-list
L = [1.0]
def f(x): return L, x * 2
--- calls
see(c(X)); L.append(2.0); see(c(Y))
=== returns-a-new-list-every-time
def f(x): return [1.0, 2.0], x * 2
--- calls
r = c(X); r[0].append(3.0); see(c(X)); see(c(Y))
=== returns-an-inner-object
o = O(); o.k = 2.0
def f(x): return o, x * o.k
--- calls
r = c(X); see(r[0] is o); r = c(X); see(r[0] is o)
o = O(); o.k = 3.0
r = c(X); see(r[0] is o, r[1])
=== returns-nothing
W = Parameter(W0)
def f(x):
    W.zero_grad(); loss = np.sum(W * x); loss.backward(); W.descend(W.grad, 0.5)
--- see
W
=== returns-a-number-worked-out
o = O(); o.k = 2.0
def f(x): return o.k * 3, x
--- calls
see(c(X)); o.k = 5.0; see(c(X)); see(c(Y))
=== returns-a-string-of-a-counter
o = O(); o.t = 0
def f(x):
    o.t += 1
    return f"step {o.t}", x * 2
--- calls
see(c(X)); see(c(X)); see(c(Y))
=== coroutine-function
async def f(x): return x * 2
--- calls
import asyncio
see(asyncio.run(c(X))); see(asyncio.run(c(Y)))
=== asynchronous-generator
async def f(x): yield x * 2
--- calls
import asyncio
async def collect(a): return [v async for v in a]
see(asyncio.run(collect(c(X)))); see(asyncio.run(collect(c(Y))))
=== compiled-inside-asynchronous-code
def f(x): return x * 2
--- calls
import asyncio
async def go(): return await asyncio.gather(*(asyncio.to_thread(c, a) for a in (X, Y)))
see(asyncio.run(go()))
=== calls-itself
K = 2.0
def f(x, n=2): return x * K if n == 0 else c(x, n - 1) * 2
--- calls
see(c(X)); K = 5.0; see(c(X))
=== fresh-calls-the-same-function
K = [0]
def inner():
    if K[0]: return np.ones(3)
    K[0] = 1
    try:
        r = c(Y)
        return (r.numpy() if isinstance(r, Tensor) else r) * 1.0
    finally: K[0] = 0
def f(x): return x * 2 + ag.fresh(inner)
--- calls
see(c(X)); see(c(X)); see(c(Y))
=== compiled-of-compiled
K = 2.0
def f(x): return x * K
c = compile(compile(f))
--- calls
see(c(X)); K = 5.0; see(c(X))
=== compiled-under-grad
K = 2.0
def f(x): return np.sum(x * x * K)
c = ag.grad(compile(f))
--- calls
see(c(X)); K = 5.0; see(c(X))
=== pickled-function
import pickle
@compile
def c(x): return x * K
K = 2.0
--- calls
see(c(X)); d = pickle.loads(pickle.dumps(c)); see(d(X)); K = 5.0; see(d(X), c(X))
=== deep-copied-function
def f(x): return x * K
K = 2.0
--- calls
see(c(X)); d = copy.deepcopy(c); see(d(X)); K = 5.0; see(d(X), c(X))
=== deep-copied-object-with-a-compiled-method
class M:
    def __init__(self): self.W = Parameter(W0); self.step = compile(self._step)
    def _step(self, x):
        self.W.zero_grad(); loss = np.sum((self.W * x) ** 2); loss.backward()
        self.W.descend(self.W.grad, 0.1)
        return loss
a = M(); c = a.step
--- calls
see(a.step(X)); b = copy.deepcopy(a); see(b.step(X), a.W, b.W); see(a.step(X), a.W, b.W)
=== defined-anew-in-a-cell
def f(x): return x * 2
--- calls
see(c(X))
def f(x): return x * 3
see(c(X)); c = compile(f); see(c(X))
=== forked
def f(x): return x * K
K = 2.0
--- calls
see(c(X)); K = 5.0
import multiprocessing as mp
reader, writer = mp.Pipe(False)
pid = os.fork()
if pid == 0:
    try:
        r = c(X); writer.send(np.asarray(r.numpy() if isinstance(r, Tensor) else r))
    finally: os._exit(0)
os.waitpid(pid, 0); see(reader.recv() if reader.poll(5) else None)
see(c(X))
"""
