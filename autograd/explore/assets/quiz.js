// --- quiz.js: the gradients are hidden until they are typed in ----------------------------------

/** Fields for the gradients of this step; for arrays the question is their shape. */
function quizForm(flows) {
  const fields = flows.map((flow, k) => {
    const what = flow.downstream === undefined ? "shape of the gradient" : "downstream gradient";
    const field = make("input", { type: "text", autocomplete: "off", size: 10, id: `answer-${k}`, "aria-describedby": `told-${k}` });
    return make("p", {}, make("label", { for: `answer-${k}` }, `${what} at ${label(flow.into)} `), field,
      make("span", { class: "told", id: `told-${k}` }));
  });
  const form = make("form", { class: "quiz" }, ...fields,
    make("button", { type: "submit" }, "check"), " ", make("button", { type: "button", class: "reveal" }, "show me"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    check(form, flows);
  });
  form.querySelector(".reveal").addEventListener("click", () => answer("Shown."));
  return form;
}

/** Tell for each field whether it is right; when all are, the gradients appear. */
function check(form, flows) {
  let right = 0;
  flows.forEach((flow, k) => {
    const typed = form.querySelector(`#answer-${k}`).value;
    const good = isRight(flow, typed);
    right += good;
    const told = form.querySelector(`#told-${k}`);
    told.textContent = good ? " ✓ right" : typed.trim() ? " ✗ not yet" : " — nothing typed";
    told.classList.toggle("right", good);
  });
  if (right === flows.length) answer("All right.");
  else announce(`${right} of ${flows.length} right.`);
}

/** Right to two decimals, or to one percent; fractions and real minus signs are fine. */
function isRight(flow, typed) {
  if (flow.downstream === undefined) {
    const digits = (text) => (text.match(/\d+/g) ?? []).join();
    return digits(typed) === digits(data.quantities[flow.into].shape);
  }
  const [top, bottom = "1"] = typed.replaceAll("−", "-").replace(",", ".").split("/").map((t) => t.trim());
  if (top === "" || bottom === "") return false;
  const [given, truth] = [Number(top) / Number(bottom), Number(flow.downstream)];
  const sameText = show(given, 2) === show(truth, 2) && Math.abs(truth) >= 0.05;
  return sameText || Math.abs(given - truth) <= 0.01 * Math.abs(truth);
}

function answer(word) {
  state.answered.add(stepName());
  refresh();
  announce(`${word} ${byId("say").textContent}`);
  byId("next").focus();
}
