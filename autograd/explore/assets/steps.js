// --- steps.js: what the page knows, and which of it can be seen at a step ---------------------

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const say = (x) => show(Number(x), data.decimals);

/** All that can change: the rest of the page follows from it. */
const state = {
  step: 0,
  layout: 0,
  quiz: false,
  answered: new Set(), // steps whose gradients were typed in rightly, or shown
  changed: new Map(), // leaf -> the number that was typed in
  numbers: null, // of the circuit as it was run last
};

/** Values, gradients and flows as the engine computed them. */
function engineNumbers() {
  const values = data.quantities.map((q) => Number(q?.value));
  const gradients = new Map();
  data.quantities.forEach((q, k) => {
    if ((q?.gradient ?? null) !== null) gradients.set(k, Number(q.gradient));
  });
  return { values, gradients, flow: (part, k) => data.parts[part].flows[k] };
}

/** The same, worked out here, for other leaves. */
function pageNumbers() {
  const leaves = data.quantities.map((q, k) => state.changed.get(k) ?? Number(q.value));
  const ran = run(data.program, leaves, data.root.quantity);
  const flow = (part, k) => ({ ...data.parts[part].flows[k], ...flowOf(ran, part, k) });
  return { ...ran, flow };
}

/** Whether every gate gives here what it gave in the engine; else the circuit is not run again. */
function agrees() {
  const { values } = engineNumbers();
  const near = (a, b, size) => a === b || (a !== a && b !== b) || Math.abs(a - b) <= 1e-9 * size;
  return data.program.every((op, k) => {
    const [operands, out, gate] = [operandsOf(op, values), values[op.out], GATES[op.gate]];
    const size = operands.reduce((sum, x) => sum + Math.abs(x), Math.abs(out));
    const flows = (data.parts[`g${k}`]?.flows ?? []).filter(({ local }) => local !== null);
    return near(Number(gate.forward(operands, out)), out, size) && flows.every(({ local, position }) =>
      near(Number(gate.local[position](operands, out)), Number(local), 1 + Math.abs(Number(local))));
  });
}

if (data.program && !agrees()) data.program = null;

/** Local and downstream gradient of the k-th wire into a part, in a run of the page. */
function flowOf(ran, part, k) {
  const { into, position } = data.parts[part].flows[k];
  if (part.startsWith("g")) {
    const gate = Number(part.slice(1));
    return { local: ran.local[gate][position], downstream: ran.downstream[gate][position] };
  }
  const { members } = data.scopes.find((scope) => scope.id === part);
  let downstream = 0;
  for (const gate of members) downstream += handed(ran, gate, into);
  const known = data.parts[part].flows[k].local !== null; // the box stands for one gate
  return { local: known ? localOfBox(ran, part, into) : null, downstream };
}

/** What a gate hands to a quantity, over all wires between them. */
function handed(ran, gate, quantity) {
  const at = (o, position) => (o.quantity === quantity ? ran.downstream[gate][position] ?? 0 : 0);
  return data.program[gate].operands.map(at).reduce((a, b) => a + b, 0);
}

/** The local gradient of a closed box: what it makes of an upstream gradient of 1. */
function localOfBox(ran, part, into) {
  const { members } = data.scopes.find((scope) => scope.id === part);
  const [out] = data.parts[part].outputs;
  const inside = data.program.map((op, k) => (members.includes(k) ? op : { ...op, tracked: [] }));
  return goBack(inside, ran.values, new Map([[out, 1]])).gradients.get(into);
}

const layout = () => data.layouts[state.layout];
const stepName = (k = state.step) => layout().steps[k];
const phase = (name) => name.split(" ")[0];
const partOf = (name) => name.split(" ")[1] ?? null;
const isBackward = (name) => name === "seed" || phase(name) === "backward";

/** Which values can be seen at this step, and which gradients, as far as they have arrived. */
function visible() {
  const values = new Set();
  const gradients = new Map(); // quantity -> what has arrived, in order
  for (let k = 0; k <= state.step; k++) {
    const name = stepName(k);
    if (name === "start") data.given.forEach((q) => values.add(q));
    else if (name === "seed") gradients.set(data.root.quantity, [state.numbers.gradients.get(data.root.quantity)]);
    else if (phase(name) === "forward") data.parts[partOf(name)].outputs.forEach((q) => values.add(q));
    else if (!isHidden(k)) collect(partOf(name), gradients);
  }
  return { values, gradients };
}

function collect(part, gradients) {
  data.parts[part].flows.forEach((_, k) => {
    const flow = state.numbers.flow(part, k);
    gradients.set(flow.into, [...(gradients.get(flow.into) ?? []), flow]);
  });
}

/** Whether the gradients of a step are still to be guessed. */
const isHidden = (k) => state.quiz && phase(stepName(k)) === "backward" && !state.answered.has(stepName(k));

const leaves = () => data.quantities.map((_, k) => k).filter((k) => data.quantities[k]?.leaf);

/** What arrived at a quantity before and at a part, in the order of the steps. */
function arrivedAt(quantity, part) {
  const found = [];
  for (const name of layout().steps) {
    if (phase(name) !== "backward") continue;
    data.parts[partOf(name)].flows.forEach((flow, k) => {
      if (flow.into === quantity) found.push(state.numbers.flow(partOf(name), k));
    });
    if (partOf(name) === part) break;
  }
  return found;
}

/** The gates that a part holds, as numbers. */
function membersOf(part) {
  const scope = data.scopes.find((s) => s.id === part);
  return scope ? scope.members : [Number(part.slice(1))];
}

/** The step of another layout that shows the same: the same part, or what holds it. */
function sameStep(name, steps) {
  if (steps.includes(name)) return steps.indexOf(name);
  const wanted = membersOf(partOf(name));
  const shares = (other) => phase(other) === phase(name) && membersOf(partOf(other)).some((m) => wanted.includes(m));
  return Math.max(0, steps.findIndex(shares));
}

/** The layout in which these scopes are closed, or else the nearest that has `scope` as wanted. */
function nearestLayout(closed, scope) {
  const distance = (other) => {
    const inBoth = other.filter((id) => closed.includes(id)).length;
    return other.length + closed.length - 2 * inBoth;
  };
  const fits = (k) => !scope || data.layouts[k].closed.includes(scope) === closed.includes(scope);
  const order = data.layouts.map((_, k) => k).filter(fits);
  return order.sort((a, b) => distance(data.layouts[a].closed) - distance(data.layouts[b].closed))[0] ?? state.layout;
}
