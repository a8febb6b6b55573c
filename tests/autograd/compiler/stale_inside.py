"""Ways to go stale: what a function changes itself on the way. See `stale.py`."""

WAYS = r"""
## own: counters
=== global-counter
n = 0
def f(x):
    global n
    n += 1
    return x * n
--- see
n
=== global-counter-beside-the-result
n = 0
def f(x):
    global n
    n += 1
    return x * 2
--- see
n
=== nonlocal-counter
def make():
    n = 0
    def f(x):
        nonlocal n
        n += 1
        return x * n
    return f
f = make()
=== nonlocal-counter-beside-the-result
def make():
    n = 0
    def f(x):
        nonlocal n
        n += 1
        return x * 2
    return f, lambda: n
f, count = make()
--- see
count()
=== attribute-counter
class M:
    t = 0
    def step(self, x):
        self.t += 1
        return x / self.t
m = M(); f = m.step
--- see
m.t
=== attribute-counter-beside-the-result
class M:
    def __init__(self): self.steps = 0
    def step(self, x):
        self.steps += 1
        return x * 2
m = M(); f = m.step
--- see
m.steps
=== attribute-counter-of-a-helper
class M:
    t = 0
    def tick(self):
        self.t += 1
        return self.t
m = M()
def f(x): return x * m.tick()
--- see
m.t
=== class-counter
class M: n = 0
def f(x):
    M.n += 1
    return x * M.n
--- see
M.n
=== class-counts-objects-made
class M:
    n = 0
    def __init__(self): type(self).n += 1
def f(x):
    M()
    return x * M.n
--- see
M.n
=== function-attribute-counter
def f(x):
    f.n += 1
    return x * f.n
f.n = 0
--- see
f.n
=== slot-counter
class M: __slots__ = ("n",)
m = M(); m.n = 0
def f(x):
    m.n += 1
    return x * m.n
--- see
m.n
=== dict-counter
d = {"n": 0}
def f(x):
    d["n"] += 1
    return x * d["n"]
--- see
d
=== list-counter
d = [0]
def f(x):
    d[0] += 1
    return x * d[0]
--- see
d
=== collections-counter
d = collections.Counter()
def f(x):
    d["calls"] += 1
    return x * d["calls"]
--- see
d
=== default-dict-counter
d = collections.defaultdict(int)
def f(x):
    d["calls"] += 1
    return x * 2
--- see
d
=== default-argument-counter
def f(x, d=[0]):
    d[0] += 1
    return x * d[0]
=== module-counter
config = types.ModuleType("tmp_config"); config.n = 0
def f(x):
    config.n += 1
    return x * config.n
--- see
config.n
=== property-counter
class M:
    _n = 0
    @property
    def n(self):
        self._n += 1
        return self._n
m = M()
def f(x): return x * m.n
--- see
m._n
=== getattr-counter
class M:
    calls = 0
    def __getattr__(self, name):
        self.calls += 1
        return 2.0
m = M()
def f(x): return x * m.other
--- see
m.calls
=== counter-in-a-namespace-of-a-partial
s = types.SimpleNamespace(n=0)
def g(s, x):
    s.n += 1
    return x * s.n
f = functools.partial(g, s)
--- see
s.n
=== counter-in-an-array
n = np.zeros(1, int)
def f(x):
    n[0] += 1
    return x * n[0]
--- see
n
=== counter-in-an-array-beside-the-result
n = np.zeros(3)
def f(x):
    n[0] += 1
    return x * 2
--- see
n
=== counter-in-an-array-of-no-dimension
n = np.array(0)
def f(x):
    n[...] = n + 1
    return x * n
--- see
n
=== counter-decides-a-branch
m = O(); m.t = 0
def f(x):
    m.t += 1
    return x * 2 if m.t % 2 else x * 3
--- see
m.t
=== counter-grows-the-program
m = O(); m.t = 0
def f(x):
    m.t += 1
    for _ in range(m.t): x = x * 2
    return x
--- see
m.t
=== counter-in-the-environment
def f(x):
    n = int(os.environ.get("GATEGRAD_N", "0")) + 1
    os.environ["GATEGRAD_N"] = str(n)
    return x * n
--- see
os.environ["GATEGRAD_N"]
=== counter-in-a-context-variable
v = contextvars.ContextVar("v", default=0)
def f(x):
    v.set(v.get() + 1)
    return x * v.get()
--- see
v.get()
=== counter-in-a-closure-cell-of-a-helper
def counter():
    n = 0
    def tick():
        nonlocal n
        n += 1
        return n
    return tick
tick = counter()
def f(x): return x * tick()
=== counter-through-globals
n = 0
def f(x):
    globals()["n"] += 1
    return x * n
--- see
n
=== counter-through-setattr
m = O(); m.n = 0
def f(x):
    setattr(m, "n", m.n + 1)
    return x * m.n
--- see
m.n
=== counter-through-vars
m = O(); m.n = 0
def f(x):
    vars(m)["n"] += 1
    return x * m.n
--- see
m.n
=== counter-in-a-module-of-nn
class Net(nn.Module):
    def __init__(self): self.calls = 0
    def forward(self, x):
        self.calls += 1
        return x * self.calls
net = Net()
def f(x): return net(x)
--- see
net.calls
=== toggle
m = O(); m.on = False
def f(x):
    m.on = not m.on
    return x * 2 if m.on else x * 3
--- see
m.on
=== string-grows
m = O(); m.s = ""
def f(x):
    m.s += "a"
    return x * len(m.s)
--- see
m.s
=== number-given-back-to-what-it-was
m = O(); m.k = 2.0
def f(x):
    m.k = 3.0
    y = x * m.k
    m.k = 2.0
    return y
--- see
m.k
=== number-set-to-a-constant
m = O(); m.k = 2.0
def f(x):
    y = x * m.k
    m.k = 3.0
    return y
--- see
m.k
--- then
m.k = 4.0
=== first-call-is-special
m = O(); m.ready = False
def f(x):
    if not m.ready:
        m.ready = True
        return x * 10
    return x * 2
--- see
m.ready
=== attribute-made-on-the-way
m = O()
def f(x):
    if not hasattr(m, "k"): m.k = 2.0
    m.k *= 2
    return x * m.k
--- see
m.k
=== attribute-deleted-on-the-way
m = O(); m.k = 2.0
def f(x):
    k = getattr(m, "k", 1.0)
    if hasattr(m, "k"): del m.k
    return x * k
## own: schedules
=== step-size-decays
m = O(); m.lr = 1.0
W = Parameter(W0)
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward()
    W.descend(W.grad, m.lr)
    m.lr *= 0.5
    return loss
--- see
W, m.lr
=== step-size-of-sgd-decays
W = Parameter(W0); opt = nn.SGD([W], lr=0.5)
def f(x):
    opt.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); opt.step()
    opt.lr *= 0.5
    return loss
--- see
W, opt.lr
=== step-size-of-sgd-decays-before
W = Parameter(W0); opt = nn.SGD([W], lr=0.5)
def f(x):
    opt.lr *= 0.9
    opt.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); opt.step()
    return loss
--- see
W, opt.lr
=== step-size-from-a-count
W = Parameter(W0); opt = nn.SGD([W], lr=0.5); m = O(); m.t = 0
def f(x):
    m.t += 1
    opt.lr = 0.5 / m.t
    opt.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); opt.step()
    return loss
--- see
W, opt.lr, m.t
=== cosine-schedule
W = Parameter(W0); m = O(); m.t = 0
def f(x):
    lr = 0.05 * (1 + math.cos(math.pi * m.t / 10)); m.t += 1
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); W.descend(W.grad, lr)
    return loss
--- see
W, m.t
=== warm-up
W = Parameter(W0); m = O(); m.t = 0
def f(x):
    m.t += 1
    lr = 0.1 * min(1.0, m.t / 3)
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); W.descend(W.grad, lr)
    return loss
--- see
W, m.t
=== step-schedule
W = Parameter(W0); m = O(); m.t, m.lr = 0, 0.1
def f(x):
    m.t += 1
    if m.t % 2 == 0: m.lr /= 10
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); W.descend(W.grad, m.lr)
    return loss
--- see
W, m.t, m.lr
=== schedule-list-popped
W = Parameter(W0); rates = [0.1, 0.05, 0.02, 0.01]
def f(x):
    lr = rates.pop(0)
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); W.descend(W.grad, lr)
    return loss
--- see
W, rates
=== schedule-generator
def decay(lr):
    while True:
        yield lr
        lr *= 0.5
W = Parameter(W0); rates = decay(0.1)
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); W.descend(W.grad, next(rates))
    return loss
--- see
W
=== schedule-object
class Schedule:
    def __init__(self): self.t = 0
    def __call__(self):
        self.t += 1
        return 0.1 / self.t
W = Parameter(W0); schedule = Schedule()
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); W.descend(W.grad, schedule())
    return loss
--- see
W, schedule.t
=== temperature-anneals
m = O(); m.tau = 4.0
def f(x):
    m.tau = max(0.5, m.tau * 0.5)
    return np.exp(x / m.tau)
--- see
m.tau
=== dropout-rate-grows
m = O(); m.p = 0.0
def f(x):
    m.p += 0.1
    return x * (ag.fresh(lambda: np.full(3, 0.35)) > m.p)
--- see
m.p
=== loss-scale-doubles
W = Parameter(W0); m = O(); m.scale = 1.0
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2) * m.scale; loss.backward()
    W.descend(W.grad / m.scale, 0.1); m.scale *= 2
    return loss
--- see
W, m.scale
=== penalty-switched-on-later
W = Parameter(W0); m = O(); m.t = 0
def f(x):
    m.t += 1
    W.zero_grad(); loss = np.sum((W * x) ** 2)
    if m.t > 2: loss = loss + 0.1 * np.sum(W * W)
    loss.backward(); W.descend(W.grad, 0.1)
    return loss
--- see
W, m.t
=== layer-frozen-on-the-way
V, W = Parameter(W0), Parameter(W0 * 2); m = O(); m.t = 0
def f(x):
    m.t += 1
    V.zero_grad(); W.zero_grad(); loss = np.sum((V * x * W) ** 2); loss.backward()
    W.descend(W.grad, 0.01)
    if m.t < 3: V.descend(V.grad, 0.01)
    return loss
--- see
V, W, m.t
=== requires-grad-set-on-the-way
V, W = Parameter(W0), Parameter(W0 * 2)
def f(x):
    V.zero_grad(); W.zero_grad(); loss = np.sum((V * x * W) ** 2); loss.backward()
    W.descend(W.grad, 0.01)
    V.requires_grad = not V.requires_grad
    return loss
--- see
V, W, V.requires_grad
## own: containers
=== list-appended
h = []
def f(x):
    h.append(1)
    return x * len(h)
--- see
h
=== list-appended-beside-the-result
h = []
def f(x):
    h.append(1)
    return x * 2
--- see
h
=== losses-logged
W = Parameter(W0); losses = []
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); W.descend(W.grad, 0.1)
    losses.append(loss)
    return loss
--- see
W, losses
=== losses-logged-as-data
W = Parameter(W0); losses = []
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); W.descend(W.grad, 0.1)
    losses.append(loss.data)
    return loss
--- see
W, losses
=== losses-logged-as-numbers
W = Parameter(W0); losses = []
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); W.descend(W.grad, 0.1)
    losses.append(float(loss.detach().item()))
    return loss
--- see
W, losses
=== activations-logged
seen = {}
def f(x):
    h = np.tanh(x)
    seen["h"] = h
    return h * 2
--- see
seen
=== gradients-logged
W = Parameter(W0); seen = []
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); W.descend(W.grad, 0.1)
    seen.append(W.grad)
    return loss
--- see
W, seen
=== argument-logged
seen = []
def f(x):
    seen.append(x)
    return x * 2
--- see
seen
=== constant-logged
seen = []
def f(x):
    seen.append(3.0)
    return x * 2
--- see
seen
=== list-extended
h = []
def f(x):
    h.extend([1, 2])
    return x * sum(h)
--- see
h
=== list-popped
h = [1.0, 2.0, 3.0, 4.0]
def f(x): return x * h.pop()
--- see
h
=== list-rotated
h = [1.0, 2.0, 3.0]
def f(x):
    h.append(h.pop(0))
    return x * h[0]
--- see
h
=== list-sorted
h = [3.0, 1.0, 2.0]
def f(x):
    k = h[0]; h.sort()
    return x * k
--- see
h
=== list-rebound
m = O(); m.h = [1.0]
def f(x):
    m.h = m.h + [2.0]
    return x * sum(m.h)
--- see
m.h
=== list-item-assigned
h = [1.0, 2.0]
def f(x):
    h[0] = h[0] * 2
    return x * h[0]
--- see
h
=== list-items-exchanged
h = [1.0, 2.0]
def f(x):
    h[0], h[1] = h[1], h[0]
    return x * h[0]
--- see
h
=== dict-updated
d = {"k": 1.0}
def f(x):
    d.update(k=d["k"] * 2)
    return x * d["k"]
--- see
d
=== dict-grows
d = {}
def f(x):
    d[len(d)] = 1.0
    return x * sum(d.values())
--- see
d
=== dict-set-default
d = {}
def f(x):
    k = d.setdefault("k", len(d) + 2.0)
    return x * k
--- see
d
=== dict-popped
d = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}
def f(x): return x * d.popitem()[1]
--- see
d
=== set-grows
s = set()
def f(x):
    s.add(len(s))
    return x * len(s)
--- see
sorted(s)
=== deque-rotated
d = collections.deque([1.0, 2.0, 3.0])
def f(x):
    d.rotate(1)
    return x * d[0]
--- see
list(d)
=== deque-of-the-last-values
d = collections.deque(maxlen=2)
def f(x):
    y = x * 2
    d.append(y)
    return sum(d)
--- see
list(d)
=== heap-popped
import heapq
h = [1.0, 2.0, 3.0, 4.0]
def f(x): return x * heapq.heappop(h)
--- see
h
=== iterator
it = iter([1.0, 2.0, 3.0, 4.0])
def f(x): return x * next(it)
=== iterator-of-a-range
it = itertools.count(1)
def f(x): return x * next(it)
=== iterator-cycles
it = itertools.cycle([1.0, 2.0])
def f(x): return x * next(it)
=== iterator-zipped
it = zip([1.0, 2.0, 3.0, 4.0], [1.0, 1.0, 2.0, 2.0])
def f(x):
    a, b = next(it)
    return x * a + b
=== iterator-of-the-users
class It:
    n = 0
    def __iter__(self): return self
    def __next__(self):
        self.n += 1
        return float(self.n)
it = It()
def f(x): return x * next(it)
--- see
it.n
=== iterator-of-batches
batches = iter(np.arange(12.0).reshape(4, 3))
def f(x): return x * next(batches)
=== iterator-of-batches-of-nn
data = nn.batches(np.arange(24.0).reshape(8, 3), np.arange(8) % 2, size=2, seed=0)
it = iter(data)
def f(x):
    b, _ = next(it)
    return np.sum(x * b)
=== iterator-runs-out
it = iter([1.0])
def f(x): return x * next(it, 7.0)
=== generator
def g():
    k = 1.0
    while True:
        yield k
        k *= 2
it = g()
def f(x): return x * next(it)
=== generator-sent-to
def g():
    total = 0.0
    while True:
        total += (yield total)
it = g(); next(it)
def f(x): return x * it.send(1.0)
=== enumerate-held
it = enumerate([1.0, 2.0, 3.0, 4.0])
def f(x):
    k, v = next(it)
    return x * v + k
=== file-read-line-by-line
(folder / "a").write_text("1\n2\n3\n4\n")
lines = open(folder / "a")
def f(x): return x * float(lines.readline())
--- calls
see(c(X)); see(c(X)); see(c(X)); lines.close()
=== memo-of-numbers
memo = {}
def f(x):
    n = len(memo)
    if n not in memo: memo[n] = n + 1.0
    return x * memo[n]
--- see
memo
=== memo-of-results
memo = {}
def f(x):
    if "y" not in memo: memo["y"] = np.tanh(x)
    return memo["y"] * 2
--- see
memo
=== memo-of-masks
memo = {}
def f(x):
    if x.shape not in memo: memo[x.shape] = np.arange(float(x.size)) > 1
    return np.where(memo[x.shape], x, 0)
--- see
memo
=== memo-by-value
@functools.cache
def g(n): return np.full(3, float(n))
m = O(); m.n = 0
def f(x):
    m.n += 1
    return x * g(m.n)
--- see
m.n
=== cached-property-filled
class M:
    n = 0
    @functools.cached_property
    def k(self):
        M.n += 1
        return 2.0
m = M()
def f(x): return x * m.k + m.n
--- then
del m.k
=== cache-of-traced-values
@functools.cache
def g(n): return cell[0] * n
cell = [None]
def f(x):
    cell[0] = x
    return g(2)
=== queue-filled
import queue
q = queue.Queue()
def f(x):
    q.put(1)
    return x * q.qsize()
--- see
q.qsize()
## own: arrays
=== array-in-place-in-a-list
v = [np.zeros(3)]
def f(x):
    v[0] *= 0.9
    v[0] += x
    return v[0] * 2
--- see
v
=== array-in-place-in-a-dict
v = {"W": np.zeros(3)}
def f(x):
    v["W"] *= 0.9
    v["W"] += x
    return v["W"] * 2
--- see
v
=== array-in-place-in-an-attribute
m = O(); m.v = np.zeros(3)
def f(x):
    m.v *= 0.9
    m.v += x
    return m.v * 2
--- see
m.v
=== array-in-place-in-a-global
v = np.zeros(3)
def f(x):
    v[:] = v * 0.9 + x
    return v * 2
--- see
v
=== array-in-place-by-constants-alone
v = np.zeros(3)
def f(x):
    v[:] = v + 1
    return x * v
--- see
v
=== array-in-place-by-out
v = np.zeros(3)
def f(x):
    np.add(v, 1.0, out=v)
    return x * v
--- see
v
=== array-in-place-by-a-method
v = np.array([1.0, 2.0, 3.0])
def f(x):
    v.sort(); v[:] = v[::-1].copy()
    v[0] += 1
    return x * v
--- see
v
=== array-in-place-by-roll
v = np.array([1.0, 2.0, 3.0])
def f(x):
    v[:] = np.roll(v, 1)
    return x * v
--- see
v
=== array-in-place-by-add-at
v = np.zeros(3)
def f(x):
    np.add.at(v, [0, 0, 1], 1.0)
    return x * v
--- see
v
=== array-in-place-by-copyto
v, w = np.zeros(3), np.array([1.0, 2.0, 3.0])
def f(x):
    w[:] = w * 2
    np.copyto(v, w)
    return x * v
--- see
v, w
=== array-in-place-large
v = np.zeros(30_000)
def f(x):
    v[:] = v + 1
    return x * v[7]
--- see
v[:9]
=== array-rebound-in-a-list
v = [np.zeros(3)]
def f(x):
    v[0] = 0.9 * v[0] + x
    return v[0] * 2
--- see
v
=== array-rebound-in-a-dict
v = {"W": np.zeros(3)}
def f(x):
    v["W"] = 0.9 * v["W"] + x
    return v["W"] * 2
--- see
v
=== array-rebound-in-an-attribute
m = O(); m.v = np.zeros(3)
def f(x):
    m.v = 0.9 * m.v + x
    return m.v * 2
--- see
m.v
=== array-rebound-in-a-global
v = np.zeros(3)
def f(x):
    global v
    v = 0.9 * v + x
    return v * 2
--- see
v
=== array-rebound-in-a-closure
def make():
    v = np.zeros(3)
    def f(x):
        nonlocal v
        v = 0.9 * v + x
        return v * 2
    return f
f = make()
=== array-rebound-in-a-class
class M: v = np.zeros(3)
def f(x):
    M.v = 0.9 * M.v + x
    return M.v * 2
--- see
M.v
=== array-rebound-by-constants-alone
m = O(); m.v = np.zeros(3)
def f(x):
    m.v = m.v + 1
    return x * m.v
--- see
m.v
=== number-becomes-traced
m = O(); m.v = 0.0
def f(x):
    m.v = 0.9 * m.v + np.sum(x)
    return x * m.v
--- see
m.v
=== traced-value-left-in-an-attribute
m = O(); m.last = None
def f(x):
    m.last = np.tanh(x)
    return x * 2
--- see
m.last
=== traced-value-left-in-a-nested-dict
m = O(); m.d = {"a": []}
def f(x):
    m.d["a"] = [np.tanh(x)]
    return x * 2
--- see
m.d
=== traced-value-left-in-a-global
last = None
def f(x):
    global last
    last = np.tanh(x)
    return x * 2
--- see
last
=== traced-value-left-in-a-closure
def make():
    last = None
    def f(x):
        nonlocal last
        last = np.tanh(x)
        return x * 2
    return f, lambda: last
f, look = make()
--- see
look()
=== traced-value-left-in-a-default
def f(x, last=[None]):
    last[0] = np.tanh(x)
    return x * 2
--- see
f.__defaults__ if hasattr(f, "__defaults__") else None
=== traced-value-left-in-a-class
class M: last = None
def f(x):
    M.last = np.tanh(x)
    return x * 2
--- see
M.last
=== traced-value-left-in-a-slot
class M: __slots__ = ("last",)
m = M()
def f(x):
    m.last = np.tanh(x)
    return x * 2
--- see
m.last
=== traced-value-left-in-a-module-of-nn
class Net(nn.Module):
    def forward(self, x):
        self.h = np.tanh(x)
        return self.h * 2
net = Net()
def f(x): return net(x)
--- see
net.h
=== traced-value-left-in-a-set-of-objects
kept = []
class Box:
    def __init__(self, v): self.v = v; kept.append(self)
def f(x):
    Box(np.tanh(x))
    return x * 2
--- see
[b.v for b in kept]
=== traced-value-left-in-a-function
def f(x):
    f.last = np.tanh(x)
    return x * 2
--- see
getattr(f, "last", None)
=== traced-value-left-in-a-lambda
m = O()
def f(x):
    y = np.tanh(x)
    m.look = lambda: y
    return x * 2
--- see
m.look()
=== traced-value-left-in-an-array
B = np.empty(1, object)
def f(x):
    B[0] = np.tanh(x)
    return x * 2
--- see
B[0]
=== traced-value-left-in-an-array-of-floats
B = np.zeros((2, 3))
def f(x):
    B[0] = np.tanh(x)
    return x * 2
--- see
B
=== result-of-last-time-returned
m = O(); m.last = 0.0
def f(x):
    y = x * 2 + m.last
    m.last = y
    return y
--- see
m.last
=== hidden-state-of-an-rnn
class Rnn(nn.Module):
    def __init__(self): self.W, self.h = Parameter(np.eye(3) * 0.5), np.zeros(3)
    def forward(self, x):
        self.h = np.tanh(self.h @ self.W + x)
        return self.h * 1.0
net = Rnn()
def f(x):
    with ag.no_grad(): return net(x)
--- see
net.h
=== running-mean
class Norm(nn.Module):
    def __init__(self): self.mean = np.zeros(())
    def forward(self, x):
        m = np.mean(x)
        self.mean = 0.9 * self.mean + 0.1 * m
        return x - m
net = Norm()
def f(x): return net(x)
--- see
net.mean
=== running-mean-in-place
class Norm(nn.Module):
    def __init__(self): self.mean = np.zeros(1)
    def forward(self, x):
        m = np.mean(x)
        self.mean *= 0.9; self.mean += 0.1 * m
        return x - self.mean
net = Norm()
def f(x): return net(x)
--- see
net.mean
=== running-mean-as-a-parameter
class Norm(nn.Module):
    def __init__(self): self.mean = Parameter(np.zeros(1), False)
    def forward(self, x):
        m = np.mean(x)
        self.mean.data = self.mean.data * 0.9 + 0.1 * m
        return x - m
net = Norm()
def f(x): return net(x)
--- see
net.mean
=== batch-norm-counts-and-averages
class Norm(nn.Module):
    def __init__(self): self.n, self.mean = 0, 0.0
    def forward(self, x):
        self.n += 1
        self.mean += (np.mean(x) - self.mean) / self.n
        return x - self.mean
net = Norm()
def f(x): return net(x)
--- see
net.n, net.mean
## own: training
=== momentum-in-a-list
W = Parameter(W0); v = [np.zeros(3)]
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward()
    v[0] = 0.9 * v[0] - 0.1 * W.grad
    W.data = W.data + v[0]
    return loss
--- see
W, v
=== momentum-in-a-list-in-place
W = Parameter(W0); v = [np.zeros(3)]
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward()
    v[0] *= 0.9
    v[0] -= 0.1 * W.grad
    W.data = W.data + v[0]
    return loss
--- see
W, v
=== momentum-in-a-dict
W = Parameter(W0); v = {"W": np.zeros(3)}
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward()
    v["W"] = 0.9 * v["W"] - 0.1 * W.grad
    W.data = W.data + v["W"]
    return loss
--- see
W, v
=== momentum-in-a-dict-in-place
W = Parameter(W0); v = {"W": np.zeros(3)}
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward()
    v["W"] *= 0.9
    v["W"] -= 0.1 * W.grad
    W.data = W.data + v["W"]
    return loss
--- see
W, v
=== momentum-in-a-dict-by-parameter
W = Parameter(W0); v = {}
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward()
    v[id(W)] = 0.9 * v.get(id(W), 0.0) - 0.1 * W.grad
    W.data = W.data + v[id(W)]
    return loss
--- see
W, list(v.values())
=== momentum-in-an-attribute
class Momentum:
    def __init__(self, ps): self.ps, self.vs = ps, [np.zeros(p.shape) for p in ps]
    def step(self):
        for k, p in enumerate(self.ps):
            self.vs[k] = 0.9 * self.vs[k] - 0.1 * p.grad
            p += self.vs[k]
W = Parameter(W0); opt = Momentum([W])
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); opt.step()
    return loss
--- see
W, opt.vs
=== momentum-as-a-parameter
W, v = Parameter(W0), Parameter(np.zeros(3), False)
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward()
    v.data = 0.9 * v.data - 0.1 * W.grad
    W.data = W.data + v.data
    return loss
--- see
W, v
=== momentum-as-a-number
W = Parameter(2.0); m = O(); m.v = 0.0
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward()
    m.v = 0.9 * m.v - 0.01 * W.grad
    W.data = W.data + m.v
    return loss
--- see
W, m.v
=== momentum-starts-as-none
W = Parameter(W0); m = O(); m.v = None
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward()
    m.v = -0.1 * W.grad if m.v is None else 0.9 * m.v - 0.1 * W.grad
    W.data = W.data + m.v
    return loss
--- see
W, m.v
=== adam
class Adam:
    def __init__(self, ps):
        self.ps, self.t = ps, 0
        self.m = [np.zeros(p.shape) for p in ps]; self.v = [np.zeros(p.shape) for p in ps]
    def step(self):
        self.t += 1
        for k, p in enumerate(self.ps):
            self.m[k] = 0.9 * self.m[k] + 0.1 * p.grad
            self.v[k] = 0.999 * self.v[k] + 0.001 * p.grad * p.grad
            m, v = self.m[k] / (1 - 0.9 ** self.t), self.v[k] / (1 - 0.999 ** self.t)
            p -= 0.1 * m / (np.sqrt(v) + 1e-8)
W = Parameter(W0); opt = Adam([W])
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); opt.step()
    return loss
--- see
W, opt.t, opt.m, opt.v
=== adam-in-place
class Adam:
    def __init__(self, ps):
        self.ps, self.t = ps, 0
        self.m = {id(p): np.zeros(p.shape) for p in ps}
        self.v = {id(p): np.zeros(p.shape) for p in ps}
    def step(self):
        self.t += 1
        for p in self.ps:
            m, v = self.m[id(p)], self.v[id(p)]
            m *= 0.9; m += 0.1 * p.grad
            v *= 0.999; v += 0.001 * p.grad * p.grad
            p -= 0.1 * (m / (1 - 0.9 ** self.t)) / (np.sqrt(v / (1 - 0.999 ** self.t)) + 1e-8)
W = Parameter(W0); opt = Adam([W])
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); opt.step()
    return loss
--- see
W, opt.t, list(opt.m.values()), list(opt.v.values())
=== adam-with-parameters-and-a-python-counter
class Adam:
    def __init__(self, p):
        self.p, self.t = p, 0
        self.m, self.v = (Parameter(np.zeros(p.shape), False) for _ in range(2))
    def step(self):
        self.t += 1; g = self.p.grad
        self.m.data = 0.9 * self.m.data + 0.1 * g
        self.v.data = 0.999 * self.v.data + 0.001 * g * g
        m, v = self.m.data / (1 - 0.9 ** self.t), self.v.data / (1 - 0.999 ** self.t)
        self.p -= 0.1 * m / (np.sqrt(v) + 1e-8)
W = Parameter(W0); opt = Adam(W)
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); opt.step()
    return loss
--- see
W, opt.t, opt.m, opt.v
=== adam-with-powers-kept
class Adam:
    b1 = b2 = 1.0
    def __init__(self, p): self.p, self.m, self.v = p, np.zeros(p.shape), np.zeros(p.shape)
    def step(self):
        self.b1 *= 0.9; self.b2 *= 0.999; g = self.p.grad
        self.m = 0.9 * self.m + 0.1 * g; self.v = 0.999 * self.v + 0.001 * g * g
        self.p -= 0.1 * (self.m / (1 - self.b1)) / (np.sqrt(self.v / (1 - self.b2)) + 1e-8)
W = Parameter(W0); opt = Adam(W)
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); opt.step()
    return loss
--- see
W, opt.b1, opt.b2, opt.m, opt.v
=== adam-made-anew-in-a-cell
class Adam:
    def __init__(self, p): self.p, self.t, self.m = p, 0, np.zeros(p.shape)
    def step(self):
        self.t += 1
        self.m = 0.9 * self.m + 0.1 * self.p.grad
        self.p -= 0.1 * self.m / (1 - 0.9 ** self.t)
W = Parameter(W0); opt = Adam(W)
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); opt.step()
    return loss
--- see
W, opt.t, opt.m
--- then
W = Parameter(W0 * 2); opt = Adam(W)
=== adagrad
W = Parameter(W0); cache = {"W": np.zeros(3)}
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward()
    cache["W"] += W.grad ** 2
    W.data = W.data - 0.1 * W.grad / (np.sqrt(cache["W"]) + 1e-8)
    return loss
--- see
W, cache
=== average-of-weights
W = Parameter(W0); ema = [W.numpy().copy()]
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); W.descend(W.grad, 0.1)
    ema[0] = 0.9 * ema[0] + 0.1 * W.data
    return loss
--- see
W, ema
=== average-of-weights-as-a-parameter
W, E = Parameter(W0), Parameter(W0, False)
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); W.descend(W.grad, 0.1)
    E.data = 0.9 * E.data + 0.1 * W.data
    return loss
--- see
W, E
=== average-of-the-loss
W = Parameter(W0); m = O(); m.mean = 0.0
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); W.descend(W.grad, 0.1)
    m.mean = 0.9 * m.mean + 0.1 * loss.data
    return loss
--- see
W, m.mean
=== best-loss-so-far
W = Parameter(W0); m = O(); m.best = np.array(np.inf)
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); W.descend(W.grad, 0.1)
    m.best = np.minimum(m.best, loss.data)
    return loss
--- see
W, m.best
=== stops-when-small
W = Parameter(W0); m = O(); m.done = False
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward()
    if loss.item() < 3: m.done = True
    if not m.done: W.descend(W.grad, 0.1)
    return loss
--- see
W, m.done
=== snapshot-of-weights
W = Parameter(W0); kept = []
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward(); W.descend(W.grad, 0.1)
    kept.append(W.data.copy())
    return loss
--- see
W, kept
=== gradients-summed-over-two-steps
W = Parameter(W0); m = O(); m.k = 0
def f(x):
    loss = np.sum((W * x) ** 2); loss.backward()
    m.k += 1
    if m.k % 2 == 0:
        W.descend(W.grad, 0.1); W.zero_grad()
    return loss
--- see
W, W.grad, m.k
=== gradients-kept-from-the-last-step
W = Parameter(W0)
def f(x):
    loss = np.sum((W * x) ** 2); loss.backward(); W.descend(W.grad, 0.1)
    return loss
--- see
W, W.grad
=== gradient-clipped-by-its-history
W = Parameter(W0); m = O(); m.norm = np.array(1.0)
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward()
    n = np.sqrt(np.sum(W.grad ** 2)); m.norm = 0.5 * m.norm + 0.5 * n
    W.descend(W.grad / m.norm, 0.1)
    return loss
--- see
W, m.norm
=== parameter-made-inside
made = []
def f(x):
    W = Parameter(np.ones(3)); made.append(W)
    loss = np.sum((W * x) ** 2); loss.backward(); W.descend(W.grad, 0.1)
    return W * 1.0
--- see
made
=== parameter-made-at-the-first-call
m = O(); m.W = None
def f(x):
    if m.W is None: m.W = Parameter(np.ones(3))
    m.W.zero_grad(); loss = np.sum((m.W * x) ** 2); loss.backward(); m.W.descend(m.W.grad, 0.1)
    return loss
--- see
m.W, m.W.grad
=== parameter-rebound-inside
W = Parameter(W0)
def f(x):
    global W
    loss = np.sum((W * x) ** 2); W.zero_grad(); loss.backward()
    W = Parameter(W.data - 0.1 * W.grad)
    return loss
--- see
W
=== parameter-rebound-in-an-object
m = O(); m.W = Tensor(W0)
def f(x):
    loss = np.sum((m.W * x) ** 2); loss.backward()
    m.W = Tensor(m.W.data - 0.1 * m.W.grad)
    return loss
--- see
m.W
=== parameter-data-written-inside
W = Parameter(W0)
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward()
    W.data = W.data - 0.1 * W.grad
    return loss
--- see
W, W.grad
=== parameter-augmented-inside
W = Parameter(W0)
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward()
    W.data -= 0.1 * W.grad
    return loss
--- see
W, W.grad
=== target-net-copied-every-second-step
W, T = Parameter(W0), Parameter(W0, False); m = O(); m.t = 0
def f(x):
    m.t += 1
    W.zero_grad(); loss = np.sum((W * x - T.data) ** 2); loss.backward(); W.descend(W.grad, 0.1)
    if m.t % 2 == 0: T.data = W.data * 1.0
    return loss
--- see
W, T, m.t
=== two-nets-take-turns
V, W = Parameter(W0), Parameter(W0 * 2); m = O(); m.turn = 0
def f(x):
    m.turn = 1 - m.turn
    P = (V, W)[m.turn]
    P.zero_grad(); loss = np.sum((V * x - W) ** 2); loss.backward(); P.descend(P.grad, 0.1)
    V.zero_grad(); W.zero_grad()
    return loss
--- see
V, W, m.turn
=== replay-buffer
buffer = []
W = Parameter(W0)
def f(x):
    buffer.append(np.ones(3) * len(buffer))
    b = buffer[-2] if len(buffer) > 1 else buffer[0]
    W.zero_grad(); loss = np.sum((W * x * b) ** 2); loss.backward(); W.descend(W.grad, 0.01)
    return loss
--- see
W, buffer
=== layer-grows-inside
net = nn.Sequential(nn.Linear(3, 3, seed=0))
def f(x):
    y = net(x[None])
    if len(net.layers) < 3: net.layers.append(nn.Linear(3, 3, seed=len(net.layers)))
    return y
--- see
len(net.layers)
=== weights-decay-by-a-count
W = Parameter(W0); m = O(); m.t = 1.0
def f(x):
    W.zero_grad(); loss = np.sum((W * x) ** 2); loss.backward()
    W.data = W.data * (1 - 0.01 * m.t) - 0.1 * W.grad
    m.t += 0.5
    return loss
--- see
W, m.t
## own: random
=== generator
rng = np.random.default_rng(0)
def f(x): return x + rng.normal(size=3)
=== generator-beside-the-result
rng = np.random.default_rng(0)
def f(x):
    rng.normal()
    return x * 2
--- see
rng.bit_generator.state["state"]["state"]
=== random-state
rng = np.random.RandomState(0)
def f(x): return x + rng.rand(3)
=== numpy-random
def f(x): return x + np.random.rand(3)
=== numpy-random-seeded-inside
def f(x):
    np.random.seed(3)
    return x + np.random.rand(3)
--- see
np.random.rand()
=== python-random
def f(x): return x * random.random()
=== python-random-object
rng = random.Random(0)
def f(x): return x * rng.uniform(1, 2)
=== generator-in-a-module
class Dropout(nn.Module):
    def __init__(self): self.rng = np.random.default_rng(0)
    def forward(self, x): return x * (self.rng.random(x.shape) > 0.5)
net = Dropout()
def f(x): return net(x)
=== generator-in-a-closure
def make():
    rng = np.random.default_rng(0)
    return lambda x: x + rng.normal(size=3)
f = make()
=== generator-in-a-list
rngs = [np.random.default_rng(0)]
def f(x): return x + rngs[0].normal(size=3)
=== generator-method-held
draw = np.random.default_rng(0).random
def f(x): return x + draw(3)
=== generator-chooses-a-batch
rng = np.random.default_rng(0); data = np.arange(30.0).reshape(10, 3)
def f(x): return x * data[rng.integers(10)]
=== generator-shuffles
rng = np.random.default_rng(0); data = np.arange(3.0)
def f(x):
    rng.shuffle(data)
    return x * data
--- see
data
=== generator-decides-a-branch
rng = np.random.default_rng(0)
def f(x): return x * 2 if rng.random() < 0.5 else x * 3
=== generator-made-inside
def f(x): return x + np.random.default_rng(3).normal(size=3)
=== generator-made-inside-from-a-count
m = O(); m.t = 0
def f(x):
    m.t += 1
    return x + np.random.default_rng(m.t).normal(size=3)
--- see
m.t
=== generator-spawns
rng = np.random.default_rng(0)
def f(x): return x + rng.spawn(1)[0].normal(size=3)
=== generator-replaced-inside
m = O(); m.rng = np.random.default_rng(0)
def f(x):
    m.rng = np.random.default_rng(m.rng.integers(100))
    return x * 2
--- see
m.rng.bit_generator.state["state"]["state"]
=== generator-copied-inside
rng = np.random.default_rng(0)
def f(x): return x + copy.deepcopy(rng).normal(size=3)
--- then
rng.normal()
=== generator-seeded-outside
rng = np.random.default_rng(0)
def f(x): return x + ag.fresh(rng.normal, size=3)
--- then
rng = np.random.default_rng(7)
=== fresh-from-a-generator
rng = np.random.default_rng(0)
def f(x): return x + ag.fresh(rng.normal, size=3)
=== fresh-counts
m = O(); m.n = 0
def tick():
    m.n += 1
    return np.full(3, float(m.n))
def f(x): return x * ag.fresh(tick)
--- see
m.n
=== fresh-twice-in-order
rng = np.random.default_rng(0)
def f(x): return x * ag.fresh(rng.random, 3) - ag.fresh(rng.random, 3)
=== fresh-unused
m = O(); m.n = 0
def tick():
    m.n += 1
    return np.full(3, float(m.n))
def f(x):
    ag.fresh(tick)
    return x * 2
--- see
m.n
=== fresh-before-and-after-an-update
W = Parameter(W0)
def look(): return W.numpy() * 1.0
def f(x):
    before = ag.fresh(look)
    W.zero_grad(); loss = np.sum(W * x); loss.backward(); W.descend(W.grad, 0.1)
    return before * 1.0, loss
--- see
W
=== fresh-of-another-shape
sizes = iter([3, 3, 1, 3])
def f(x): return x + ag.fresh(lambda: np.ones(n := next(sizes)) * n)
=== fresh-raises-at-the-third-call
m = O(); m.n = 0
W = Parameter(W0)
def draw():
    m.n += 1
    if m.n == 3: raise KeyError("no more data")
    return np.ones(3)
def f(x):
    W.zero_grad(); loss = np.sum(W * x * ag.fresh(draw)); loss.backward(); W.descend(W.grad, 0.1)
    return loss
--- see
W, m.n
=== clock
now = itertools.count(100)
clock = lambda: float(next(now))
def f(x): return x * clock()
"""
