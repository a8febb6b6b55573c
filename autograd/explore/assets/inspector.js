// --- inspector.js: the gate of this step: its role, and local × upstream = downstream --------

/** An element with attributes and children; texts are texts, never markup. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

const label = (k) => data.quantities[k].label;
const isNumber = (k) => data.quantities[k].value !== undefined;
const valueOf = (k) => (isNumber(k) ? say(state.numbers.values[k]) : data.quantities[k].shape);
const hasGradient = (k) => (data.quantities[k].gradient ?? data.quantities[k].norm ?? null) !== null;
const norm = (text) => `norm ${text}`;

/** Write about the present step; gives the sentence for screen readers. */
function inspect() {
  const name = stepName();
  const details = byId("details");
  const [heading, content, sentence] =
    name === "start" ? aboutStart() : name === "seed" ? aboutSeed()
    : phase(name) === "forward" ? aboutForward(partOf(name)) : aboutBackward(partOf(name));
  byId("heading").replaceChildren(heading);
  details.replaceChildren(...content);
  return sentence;
}

function aboutStart() {
  const known = data.given.filter((k) => data.quantities[k].named || data.quantities[k].tracked);
  const text = known.map((k) => `${label(k)} ${isNumber(k) ? "= " : ""}${valueOf(k)}`);
  return ["The inputs", [paragraph("Everything begins with these. Step forward to compute."),
    valueTable(known), ...maps(known, "heat", "")], `Inputs: ${text.join(", ")}.`];
}

function aboutSeed() {
  const { name } = data.root;
  const equation = `∂${name}/∂${name} = ${isNumber(data.root.quantity) ? say(state.numbers.gradients.get(data.root.quantity)) : "as given"}`;
  return ["The way back begins", [
    paragraph(`The gradient of ${name} by itself: ${equation}. From here each gate multiplies what comes from upstream by its local gradient.`),
  ], `The way back begins: ${equation}.`];
}

function aboutForward(id) {
  const part = data.parts[id];
  const out = part.outputs.map((k) => `${label(k)} ${isNumber(k) ? "= " : ""}${valueOf(k)}`).join(", ");
  const text = `Forward through ${part.name}: ${part.inputs.map(valueOf).join(" and ")} give ${out}.`;
  return [gateName(part), [...place(part), valueTable([...part.inputs, ...part.outputs], part.outputs),
    ...maps([...new Set([...part.inputs, ...part.outputs])], "heat", "")], text];
}

function aboutBackward(id) {
  const part = data.parts[id];
  const flows = part.flows.map((_, k) => state.numbers.flow(id, k));
  const upstream = part.outputs.find(hasGradient);
  const hidden = isHidden(state.step);
  const table = flows.every((flow) => flow.local !== undefined && flow.local !== null)
    ? productTable(flows, upstream, hidden) : formulaList(flows, upstream, hidden);
  const content = [paragraph(part.role), ...place(part), table];
  if (hidden) content.push(quizForm(flows));
  else content.push(...forks(id, flows), ...gradientMaps(id, flows));
  const told = hidden ? "What are the gradients?" : flows.map((flow) => sentenceOf(flow, upstream)).join(" ");
  return [gateName(part), content, `Back through ${part.name}. ${part.role}. ${told}`];
}

function sentenceOf(flow, upstream) {
  if (flow.downstream === undefined) return `${label(flow.into)}: ${flow.formula}, shapes ${flow.shapes}.`;
  const up = isNumber(upstream) ? say(state.numbers.gradients.get(upstream)) : "";
  const product = flow.local === null ? "" : `local ${say(flow.local)} times upstream ${up} is `;
  return `${label(flow.into)}: ${product}${say(flow.downstream)}.`;
}

// --- pieces ------------------------------------------------------------------------------------

const paragraph = (text, kind = "role") => make("p", { class: kind }, text);

function gateName(part) {
  const same = part.symbol.toLowerCase() === part.name.replaceAll("_", " ");
  const word = same ? part.symbol : [part.symbol, part.name].filter(Boolean).join(" · ");
  return part.gates > 1 ? `${word} · ${part.gates} gates` : `gate ${word}`;
}

/** The boxes around a gate, and the line of the program that made it. */
function place(part) {
  const found = [];
  if (part.path.length) found.push(paragraph(`in ${part.path.join(" / ")}`, "muted"));
  if (part.source) {
    const [before, made, after] = part.source.text;
    found.push(make("p", { class: "source" }, make("span", { class: "muted" }, part.source.where),
      made ? make("code", {}, before, make("mark", {}, made), after) : null));
  }
  return found;
}

function row(cells, tag = "td") {
  return make("tr", {}, ...cells.map(([text, kind]) => {
    const isHead = tag === "th" && text !== "";
    return make(isHead ? "th" : "td", { class: kind ?? "", ...(isHead && { scope: "col" }) }, text);
  }));
}

function tableOf(head, rows) {
  return make("table", {}, make("thead", {}, row(head, "th")), make("tbody", {}, ...rows));
}

function valueTable(quantities, results = []) {
  const rows = quantities.map((k) => row([
    [label(k), "name"], [results.includes(k) ? "=" : "", "sign"], [valueOf(k), "value strong"],
  ]));
  return tableOf([["", "name"], ["", "sign"], ["value"]], rows);
}

/** The chain rule in numbers, a row for each wire. */
function productTable(flows, upstream, hidden) {
  const up = say(state.numbers.gradients.get(upstream));
  const rows = flows.map((flow) => row([
    [label(flow.into), "name"], [withFormula(flow), ""], ["×", "sign"], [up, "gradient"],
    ["=", "sign"], [hidden ? "?" : say(flow.downstream), "gradient strong"],
  ]));
  const head = [["input", "name"], ["local"], ["", "sign"], ["upstream"], ["", "sign"], ["downstream"]];
  return tableOf(head, rows);
}

/** A local gradient with the formula that it comes from, unless that is the number itself. */
function withFormula(flow) {
  const text = say(flow.local);
  if (!flow.formula || flow.formula === text || /^−?\d+$/.test(flow.formula)) return text;
  return make("span", {}, make("span", { class: "muted" }, `${flow.formula} = `), text);
}

/** For arrays: the formula of each gradient, with a check of its shapes. */
function formulaList(flows, upstream, hidden) {
  const known = isNumber(upstream) ? say(state.numbers.gradients.get(upstream))
    : `${data.quantities[upstream].shape}, ${norm(data.quantities[upstream].norm)}`;
  const items = flows.map((flow) => make("li", {}, make("strong", {}, label(flow.into)),
    make("code", { class: "formula" }, flow.formula),
    hidden ? null : make("code", { class: "shapes" }, flow.shapes),
    hidden ? null : make("span", { class: "gradient" }, flow.downstream === undefined ? norm(flow.norm) : say(flow.downstream))));
  return make("div", {}, paragraph(`upstream gradient: ${known}`, "gradient"), make("ul", { class: "formulas" }, ...items));
}

/** At a fork the gradients add: the summands that have arrived by now. */
function forks(id, flows) {
  const found = [];
  for (const into of new Set(flows.filter((flow) => flow.uses > 1).map((flow) => flow.into))) {
    const arrived = arrivedAt(into, id);
    const left = arrived[0].uses - arrived.length;
    const progress = !left ? `all ${arrived[0].uses} have arrived`
      : left === arrived[0].elsewhere ? `${left} more from gates that are not shown`
      : `${left} still to come`;
    found.push(make("p", { class: "fork" }, make("strong", {}, `fork at ${label(into)}`),
      " an adder of gradients: ", make("span", { class: "gradient" }, summands(into, arrived)), ` (${progress})`));
  }
  return found;
}

function summands(into, arrived) {
  if (arrived[0].downstream === undefined) {
    const terms = arrived.map((flow, k) => `g${k + 1}`).join(" + ");
    const total = arrived.length === arrived[0].uses ? `, ${norm(data.quantities[into].norm)}` : "";
    return terms + total;
  }
  const numbers = arrived.map((flow) => Number(flow.downstream));
  const skipped = numbers.length > 8 ? "… + " : "";
  const terms = (skipped + numbers.slice(-8).map(say).join(" + ")).replaceAll("+ −", "− ");
  return numbers.length > 1 ? `${terms} = ${say(numbers.reduce((a, b) => a + b))}` : terms;
}

// --- heat maps -----------------------------------------------------------------------------------

function maps(quantities, field, prefix) {
  return quantities.filter((k) => data.quantities[k][field])
    .map((k) => heatMap(data.quantities[k][field], `${prefix}${label(k)}`));
}

/** What goes to each input from here, and the whole gradient once it has arrived. */
function gradientMaps(id, flows) {
  const found = flows.filter((flow) => flow.heat)
    .map((flow) => heatMap(flow.heat, `to ${label(flow.into)}, from here`));
  for (const into of new Set(flows.map((flow) => flow.into))) {
    const { gradientHeat } = data.quantities[into];
    const arrived = arrivedAt(into, id);
    if (!gradientHeat || arrived.length < arrived[0].uses) continue;
    const name = `∂${data.root.name}/∂${label(into)}`;
    found.push(heatMap(gradientHeat, arrived.length > 1 ? `${name}, the sum` : name));
  }
  return found;
}

/** A grid of cells: orange above 0, blue below, stronger where it is further from 0. */
function heatMap(map, name) {
  const bytes = Int8Array.from(atob(map.cells), (c) => c.charCodeAt(0));
  const size = Math.max(3, Math.min(14, Math.floor(240 / Math.max(map.columns, map.rows))));
  const note = `${map.shape}, ${map.low} to ${map.high}${map.bad ? `, ${map.bad} not finite` : ""}`;
  const space = "http://www.w3.org/2000/svg";
  const grid = document.createElementNS(space, "svg");
  const attributes = { class: "heat", role: "img", "aria-label": `heat map of ${name}: ${note}`,
    width: map.columns * size, height: map.rows * size, viewBox: `0 0 ${map.columns} ${map.rows}` };
  for (const [key, value] of Object.entries(attributes)) grid.setAttribute(key, value);
  bytes.forEach((cell, k) => {
    const rect = document.createElementNS(space, "rect");
    const where = { x: k % map.columns, y: Math.floor(k / map.columns), width: 1, height: 1,
      class: cell < 0 ? "below" : "above", "fill-opacity": (Math.abs(cell) / 127).toFixed(2) };
    for (const [key, value] of Object.entries(where)) rect.setAttribute(key, value);
    grid.append(rect);
  });
  const blocks = map.whole ? "" : "; each cell is the extreme of a block";
  return make("figure", {}, make("figcaption", {}, make("strong", {}, name), ` ${note}${blocks}`), grid);
}
