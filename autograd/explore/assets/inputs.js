// --- inputs.js: other numbers at the leaves, and the numerical derivative ----------------------

const originals = () => data.quantities.map((q) => Number(q?.value));
const changeable = () => leaves().filter((k) => data.quantities[k].tracked);

/** The panel with a field for each leaf; only circuits of numbers have one. */
function buildInputs() {
  if (!data.program) return;
  byId("inputs").hidden = false;
  const step = make("input", { id: "h", type: "number", step: "any", value: "0.001", "aria-label": "h" });
  const reset = make("button", { type: "button", id: "reset" }, "as it was");
  reset.addEventListener("click", () => change(new Map()));
  const rows = changeable().map((k) => make("tr", { "data-leaf": k },
    make("th", { scope: "row" }, label(k)), make("td", {}, fieldFor(k)),
    make("td", { class: "gradient leaf-gradient" }), make("td", {}, nudgeButton(k))));
  const head = make("tr", {}, ...["input", "value", `∂${data.root.name}`, ""].map((text) =>
    text ? make("th", { scope: "col" }, text) : make("td", {})));
  byId("leaves").replaceChildren(make("p", {}, make("label", {}, "h = ", step), " ", reset),
    make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
}

function fieldFor(k) {
  const field = make("input", { type: "number", step: "any", "aria-label": `value of ${label(k)}` });
  field.addEventListener("change", () => {
    const typed = field.value.trim() === "" ? NaN : Number(field.value);
    if (!Number.isFinite(typed)) return refresh();
    change(new Map([...state.changed, [k, typed]]));
  });
  return field;
}

function nudgeButton(k) {
  const button = make("button", { type: "button", "aria-label": `nudge ${label(k)}` }, "nudge");
  button.addEventListener("click", () => nudge(k));
  return button;
}

/** Run with other leaves; numbers that are what they were are not counted as changed. */
function change(leafs) {
  const before = originals();
  state.changed = new Map([...leafs].filter(([k, x]) => x !== before[k]));
  state.numbers = state.changed.size ? pageNumbers() : engineNumbers();
  state.answered.clear();
  byId("nudged").textContent = "";
  refresh();
}

/** Show the numbers of the present run in the panel. */
function showInputs() {
  for (const line of document.querySelectorAll("#leaves [data-leaf]")) {
    const k = Number(line.dataset.leaf);
    const field = line.querySelector("input");
    if (document.activeElement !== field || Number(field.value) !== state.numbers.values[k]) {
      field.value = state.numbers.values[k];
    }
    line.classList.toggle("changed", state.changed.has(k));
    const g = state.numbers.gradients.get(k);
    line.querySelector(".leaf-gradient").textContent = state.quiz ? "?" : g === undefined ? "none" : say(g);
  }
}

/** Move one leaf by h: does the result move as the gradient says? */
function nudge(k) {
  const h = Number(byId("h").value);
  if (!Number.isFinite(h) || h === 0) {
    byId("nudged").textContent = "h is the size of the nudge: a number other than 0.";
    return;
  }
  const { values, gradients } = state.numbers;
  const moved = values.map((x, j) => (j === k ? x + h : x));
  const { name, quantity } = data.root;
  const after = run(data.program, moved, quantity).values[quantity];
  const slope = (after - values[quantity]) / h;
  const g = gradients.get(k) ?? 0;
  const off = Math.abs(slope - g);
  const digits = (x) => show(x, data.decimals === null ? null : Math.max(data.decimals, 4));
  byId("nudged").replaceChildren(
    `${label(k)}: ${digits(values[k])} → ${show(values[k] + h, null)} moves ${name} from ${digits(values[quantity])} to ${digits(after)}. `,
    make("strong", {}, `Δ${name}/h = ${digits(slope)}`), `, the gradient is ${digits(g)}`,
    off === 0 ? ": the same." : `: they differ by ${show(off)}. A smaller h brings them closer.`,
  );
}
