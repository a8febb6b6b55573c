// --- main.js: buttons, keys, search, and the address that holds the state ----------------------

const announce = (text) => (byId("say").textContent = text);

/** Bring the whole page to the present state. */
function refresh() {
  const steps = layout().steps;
  const name = stepName();
  placePicture();
  paint();
  announce(`Step ${state.step} of ${steps.length - 1}. ${inspect()}`);
  byId("slider").max = steps.length - 1;
  byId("slider").value = state.step;
  const way = name === "start" ? "inputs" : isBackward(name) ? "← backward" : "forward →";
  byId("where").textContent = `step ${state.step} / ${steps.length - 1} · ${way}`;
  byId("slider").setAttribute("aria-valuetext", byId("where").textContent);
  for (const [id, end] of [["first", 0], ["back", 0], ["next", steps.length - 1], ["last", steps.length - 1]]) {
    byId(id).setAttribute("aria-disabled", String(state.step === end));
  }
  byId("quiz").checked = state.quiz;
  byId("as-it-was").hidden = state.changed.size === 0;
  byId("remarks").textContent = layout().remarks.join("; ");
  document.body.classList.toggle("backward", isBackward(name));
  document.body.classList.toggle("quizzing", state.quiz);
  showBoxes();
  showInputs();
  follow();
  writeHash();
}

function goTo(step) {
  state.step = Math.min(Math.max(0, step), layout().steps.length - 1);
  refresh();
}

// --- boxes -----------------------------------------------------------------------------------------

/** Close or open a scope; the step stays with the same gate as far as it can be seen. */
function toggle(id, close = !layout().closed.includes(id)) {
  const closed = layout().closed.filter((other) => other !== id);
  useLayout(nearestLayout(close ? [...closed, id] : closed, id));
}

function useLayout(next) {
  const name = stepName();
  state.layout = next;
  state.step = sameStep(name, layout().steps);
  refresh();
  search(byId("search").value);
}

/** A button for each scope that can be closed or opened. */
function showBoxes() {
  const can = data.scopes.filter(({ id }) => new Set(data.layouts.map((l) => l.closed.includes(id))).size > 1);
  const inside = (scope) => data.scopes.some((outer) => layout().closed.includes(outer.id) && outer.id !== scope.id
    && scope.members.every((m) => outer.members.includes(m)) && outer.members.length > scope.members.length);
  const buttons = can.filter((scope) => !inside(scope)).map((scope) => {
    const open = !layout().closed.includes(scope.id);
    const button = make("button", { type: "button", "aria-expanded": open, "data-box": scope.id, title: scope.holds },
      `${open ? "⊟" : "⊞"} ${scope.name}`);
    button.addEventListener("click", () => {
      toggle(scope.id);
      byId("boxes").querySelector(`[data-box="${scope.id}"]`)?.focus();
    });
    return button;
  });
  byId("boxes").replaceChildren(...buttons);
  byId("boxes").hidden = buttons.length === 0;
}

// --- search ----------------------------------------------------------------------------------------

let hits = [];

/** Mark what matches; Enter goes from one to the next. */
function search(text) {
  const wanted = text.trim().toLowerCase();
  const matches = (...texts) => wanted !== "" && texts.some((t) => t.toLowerCase().includes(wanted));
  hits = [];
  for (const group of all(".gate, .quantity")) {
    const { part, quantity } = group.dataset;
    const found = part ? matches(data.parts[part].name, data.parts[part].symbol) : matches(label(quantity));
    group.classList.toggle("hit", found);
    if (found) hits.push(group);
  }
  byId("found").textContent = wanted === "" ? "" : `${hits.length} found`;
}

function goToNextHit() {
  const steps = hits.map(stepOf).filter((step) => step >= 0).sort((a, b) => a - b);
  const next = steps.find((step) => step > state.step) ?? steps[0];
  if (next !== undefined) goTo(next);
}

/** The step at which a gate, or the gate that made a quantity, has its turn. */
function stepOf(group) {
  const { part, quantity } = group.dataset;
  const way = isBackward(stepName()) ? "backward" : "forward";
  const steps = layout().steps;
  if (part) return steps.indexOf(`${way} ${part}`);
  const touches = (name) => phase(name) === way && (way === "forward"
    ? data.parts[partOf(name)].outputs.includes(Number(quantity))
    : data.parts[partOf(name)].flows.some((flow) => flow.into === Number(quantity)));
  const found = steps.findLastIndex(touches);
  return found >= 0 ? found : steps.indexOf(way === "forward" ? "start" : "seed");
}

// --- the address -------------------------------------------------------------------------------------

function writeHash() {
  const parts = [`step=${state.step}`];
  if (state.layout) parts.push(`closed=${layout().closed.join(",")}`);
  if (state.quiz) parts.push("quiz=1");
  if (state.changed.size) parts.push(`set=${[...state.changed].map(([k, x]) => `${k}:${x}`).join(",")}`);
  const hash = `#${parts.join("&")}`;
  if (location.hash !== hash) history.replaceState(null, "", hash);
}

function readHash() {
  const given = new URLSearchParams(location.hash.slice(1));
  const closed = given.get("closed");
  state.layout = closed === null ? 0 : nearestLayout(closed.split(",").filter(Boolean), null);
  state.quiz = given.get("quiz") === "1";
  const pairs = (given.get("set") ?? "").split(",").map((pair) => pair.split(":").map(Number));
  const usable = pairs.filter(([k, x]) => data.program && changeable().includes(k) && Number.isFinite(x));
  state.step = Math.min(Math.max(0, Math.trunc(Number(given.get("step"))) || 0), layout().steps.length - 1);
  change(new Map(usable));
}

// --- all that can be pressed -----------------------------------------------------------------------

const KEYS = {
  ArrowLeft: () => goTo(state.step - 1),
  ArrowRight: () => goTo(state.step + 1),
  Home: () => goTo(0),
  End: () => goTo(layout().steps.length - 1),
  "+": () => zoomBy(1.25),
  "=": () => zoomBy(1.25),
  "-": () => zoomBy(0.8),
  "0": () => fitAll(),
  "/": () => byId("search").focus(),
  q: () => byId("quiz").click(),
};

function fitAll() {
  zoom = fitting();
  resize();
}

function listen() {
  const press = (id, action) => byId(id).addEventListener("click", action);
  press("first", KEYS.Home);
  press("back", KEYS.ArrowLeft);
  press("next", KEYS.ArrowRight);
  press("last", KEYS.End);
  press("larger", KEYS["+"]);
  press("smaller", KEYS["-"]);
  press("fit", fitAll);
  byId("slider").addEventListener("input", (event) => goTo(Number(event.target.value)));
  byId("quiz").addEventListener("change", (event) => {
    state.quiz = event.target.checked;
    state.answered.clear();
    refresh();
  });
  byId("search").addEventListener("input", (event) => search(event.target.value));
  byId("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter") goToNextHit();
    if (event.key === "Escape") {
      event.target.value = "";
      search("");
      holder.focus();
    }
  });
  holder.addEventListener("click", (event) => {
    const scope = event.target.closest(".scope");
    if (scope && event.target.matches("text")) return toggle(scope.dataset.scope);
    const group = event.target.closest(".gate, .quantity");
    if (!group) return;
    if (group.classList.contains("closed") && group.classList.contains("active")) return toggle(group.dataset.part, false);
    const step = stepOf(group);
    if (step >= 0) goTo(step);
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input:not([type=checkbox]):not([type=range])");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  window.addEventListener("hashchange", readHash);
  window.addEventListener("resize", () => {
    resize();
    follow();
  });
  letDrag();
}

byId("gradient-name").textContent = `∂${data.root.name}`;
buildInputs();
listen();
readHash();
