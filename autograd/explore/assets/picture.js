// --- picture.js: the drawn graph: what is lit, what is seen, how large it is --------------------

const holder = byId("picture");
const pictures = [holder.querySelector("svg")]; // by layout; the others are made when they are seen
const groups = [...pictures[0].firstChild.children, ...byId("shared").content.firstChild.children]
  .map((group) => group.cloneNode(true));
let zoom = null; // null: as large as fits
const svg = () => holder.querySelector("svg");
const all = (selector) => svg().querySelectorAll(selector);

/** The picture of a layout: groups that all layouts share, each moved to its place. */
function pictureOf({ box, transform, groups: placed }) {
  const picture = pictures[0].cloneNode(false);
  const inner = picture.appendChild(pictures[0].firstChild.cloneNode(false));
  picture.setAttribute("viewBox", box);
  inner.setAttribute("transform", transform);
  for (let k = 0; k < placed.length; k += 3) {
    const [number, x, y] = placed.slice(k, k + 3);
    const group = inner.appendChild(groups[number].cloneNode(true));
    if (x || y) group.setAttribute("transform", `translate(${x} ${y})`);
  }
  return picture;
}

/** Put the picture of the present layout in place. */
function placePicture() {
  pictures[state.layout] ??= pictureOf(layout());
  if (svg() !== pictures[state.layout]) svg().replaceWith(pictures[state.layout]);
  resize();
}

/** How large the picture is, in points; it is readable from about 0.8 of that. */
function naturalSize() {
  const [, , width, height] = svg().getAttribute("viewBox").split(" ").map(Number);
  return { width, height };
}

function fitting() {
  const { width, height } = naturalSize();
  const room = holder.clientWidth - 16;
  const deep = Math.max(220, window.innerHeight * 0.72);
  return Math.min(1.6, room / width, Math.max(deep / height, 0.8));
}

function resize() {
  const { width, height } = naturalSize();
  const scale = zoom ?? Math.max(fitting(), Math.min(0.8, 1.2 * fitting() + 0.4));
  svg().setAttribute("width", Math.round(width * scale));
  svg().setAttribute("height", Math.round(height * scale));
}

function zoomBy(factor) {
  const now = Number(svg().getAttribute("width")) / naturalSize().width;
  zoom = Math.min(6, Math.max(0.1, now * factor));
  resize();
  follow();
}

/** Light up the gate of this step and its wires, and show what is known by now. */
function paint() {
  const name = stepName();
  const part = partOf(name);
  const seen = visible();
  svg().classList.toggle("going-back", isBackward(name));
  for (const gate of all(".gate")) gate.classList.toggle("active", gate.dataset.part === part);
  for (const wire of all(".wire[data-into], .wire[data-from]")) {
    wire.classList.toggle("active", part !== null && isWireOf(wire, part, name));
  }
  for (const group of all(".quantity")) paintQuantity(group, seen);
  for (const scope of all(".scope")) paintNote(scope);
}

/** The local gradient in the head of a box follows the inputs. */
function paintNote(scope) {
  const { flows } = data.parts[scope.dataset.scope] ?? { flows: [] };
  const [flow] = flows.length === 1 ? [state.numbers.flow(scope.dataset.scope, 0)] : [];
  for (const text of scope.querySelectorAll(".muted")) {
    const [, words] = text.textContent.match(/^(.*local gradient.* = )\S+$/) ?? [];
    if (words && typeof (flow?.local ?? null) === "number") text.textContent = words + say(flow.local);
  }
}

/** The wires into and out of a part; going back, those that carry a gradient. */
function isWireOf(wire, part, name) {
  const { into, from, of } = wire.dataset;
  if (into !== part && from !== part) return false;
  if (phase(name) === "forward") return true;
  if (from === part) return state.numbers.gradients.has(Number(of)) || data.quantities[of].tracked;
  return data.parts[part].flows.some((flow) => flow.into === Number(of));
}

function paintQuantity(group, seen) {
  const k = Number(group.dataset.quantity);
  const quantity = data.quantities[k];
  const arrived = seen.gradients.get(k);
  const total = k === data.root.quantity ? 1 : (arrived?.[0]?.uses ?? 1);
  for (const text of group.querySelectorAll(".value")) {
    text.classList.toggle("unseen", !seen.values.has(k));
  }
  for (const text of group.querySelectorAll(".gradient")) text.classList.toggle("unseen", !arrived);
  group.classList.toggle("partial", Boolean(arrived) && arrived.length < total);
  group.classList.toggle("active", isTouched(k));
  if (quantity.value === undefined) return;
  write(group, ".value", say(state.numbers.values[k]));
  if (arrived) write(group, ".gradient", sumOf(arrived));
}

/** The sum of what has arrived; a sign tells when more is to come. */
function sumOf(arrived) {
  if (typeof arrived[0] === "number") return say(arrived[0]);
  const sum = arrived.map((flow) => Number(flow.downstream)).reduce((a, b) => a + b);
  return say(sum) + (arrived.length < arrived[0].uses ? " + …" : "");
}

/** Whether the present step reads or writes a quantity. */
function isTouched(k) {
  const name = stepName();
  if (name === "seed") return k === data.root.quantity;
  if (name === "start") return false;
  const { inputs, outputs } = data.parts[partOf(name)];
  return inputs.includes(k) || outputs.includes(k);
}

/** Replace a number in the picture; names beside it stay. */
function write(group, selector, text) {
  const found = [...group.querySelectorAll(selector)].filter((t) => !t.classList.contains("slanted"));
  if (found.length === 1 && found[0].textContent !== text) found[0].textContent = text;
}

/** Scroll the picture so that the gate of this step can be seen. */
function follow() {
  const lit = svg().querySelector(".gate.active") ?? svg().querySelector(".quantity.active");
  if (!lit) return;
  const [inner, outer] = [lit.getBoundingClientRect(), holder.getBoundingClientRect()];
  const margin = 90;
  const out = (low, high, from, to) => (low < from + margin || high > to - margin ? (low + high - from - to) / 2 : 0);
  holder.scrollBy({
    left: out(inner.left, inner.right, outer.left, outer.right),
    top: out(inner.top, inner.bottom, outer.top, outer.bottom),
    behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth",
  });
}

/** Drag the picture with the mouse; fingers scroll it by themselves. */
function letDrag() {
  let from = null;
  holder.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && event.button === 0) {
      from = { x: event.clientX + holder.scrollLeft, y: event.clientY + holder.scrollTop };
    }
  });
  holder.addEventListener("pointermove", (event) => {
    if (!from || !(event.buttons & 1)) return void (from = null);
    holder.scrollTo(from.x - event.clientX, from.y - event.clientY);
  });
  holder.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoomBy(event.deltaY < 0 ? 1.1 : 1 / 1.1);
  }, { passive: false });
}
