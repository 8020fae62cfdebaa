// The controls above the list: search, filters, change matrix, RL step slider and random draws.

const $ = (id) => document.getElementById(id);
const MATRIX = ["right", "broken", "fixed", "wrong"]; // by rows: before; by columns: after
let steps = []; // RL steps that have records
let reopening = 0; // timer

function setUpControls() {
  $("text").addEventListener("input", () => set({ text: $("text").value }));
  for (const field of SELECTS) {
    const values = [...D.names[field]].sort();
    if (values.length < 2 || (field === "run" && !runsDiffer())) continue;
    $("selects").append(selector(field, [["", `any ${field}`], ...values.map((v) => [v, v])]));
  }
  if (D.comparisons.length) {
    const pairs = D.comparisons.map((c) => [pairKey(c), c.names.join(" → ")]);
    $("selects").append(selector("pair", [["", "no comparison"], ...pairs]));
  }
  $("selects").append(selector("sort", Object.entries(SORTS).map(([key, [label]]) => [key, label])));
  $("selects").append(button("↑", () => set({ down: state.down ? "" : "1" }), "button.plain.way"));
  for (const field of ["outcomes", "flags"]) {
    for (const { name, meaning } of D[field]) {
      const node = toggle(field, name, name, field === "outcomes" ? `.${name}` : "");
      node.title = meaning;
      $("outcomes").append(node);
    }
  }
  setUpMatrix();
  setUpSteps();
  const draw = () => {
    const whole = (id, least) => String(Math.max(least, Math.trunc($(id).valueAsNumber) || 0));
    set({ sort: "random", draw: whole("many", 1), seed: whole("seed", 0) });
  };
  $("draw").addEventListener("click", draw);
  for (const id of ["many", "seed"]) {
    $(id).addEventListener("change", () => state.sort === "random" && draw());
  }
  $("clear").addEventListener("click", () => set({ ...defaults() }));
  $("more").addEventListener("click", () => {
    attr($("more"), { "aria-expanded": String($("controls").classList.toggle("open")) });
  });
  $("keys").addEventListener("click", showHelp);
  $("done").addEventListener("click", () => $("help").close());
  for (const note of D.notes) $("notes").append(el("li", foreign(note)));
  $("notes").hidden = !D.notes.length;
  for (const { name, mark, meaning } of D.labels) {
    $("legend").append(el("dt", el(`span.tag.${name}`, `${mark} ${name}`)), el("dd", meaning));
  }
  for (const { name, meaning } of [...D.outcomes, ...D.flags]) {
    $("meanings").append(el("dt", name), el("dd", meaning));
  }
}

// Before by after: four buttons that show only the pairs of their cell.
function setUpMatrix() {
  for (const name of MATRIX) {
    const node = button(CHANGE_NAMES[name], () => pickChange(MATRIX.indexOf(name)), `button.toggle.change.${name}`);
    attr(node, { "data-field": "change", "data-value": name });
    node.append(el("span.count"));
    $(`matrix-${name}`).append(node);
  }
}

// Show only the pairs of a cell of the matrix; the second time, all pairs again.
function pickChange(cell) {
  if (comparison()) set({ change: state.change === MATRIX[cell] ? "" : MATRIX[cell] });
}

function showHelp() {
  $("help").showModal();
  $("help").scrollTop = 0; // the browser scrolls to the button that gets the focus
}

function selector(field, choices) {
  const node = attr(el("select"), { "aria-label": field, "data-field": field });
  for (const [value, label] of choices) node.append(attr(el("option", short(label)), { value }));
  node.addEventListener("change", () => set({ [field]: node.value, ...implied(field) }));
  return node;
}

// What a choice in one selector resets in others: pairs are not of one arm, nor is an arm of pairs.
function implied(field) {
  if (field === "sort") return { down: "" };
  if (field === "pair") return { change: "", arm: "", run: "", step: "" };
  if (field === "arm" || field === "run") return { pair: "", change: "" };
  return {};
}

function toggle(field, value, label, kind = "") {
  const node = button(label, () => {
    const chosen = new Set(state[field].split(" ").filter(Boolean));
    if (!chosen.delete(value)) chosen.add(value);
    set({ [field]: [...chosen].join(" ") });
  }, `button.toggle${kind}`);
  attr(node, { "data-field": field, "data-value": value });
  node.append(el("span.count"));
  return node;
}

function setUpSteps() {
  const trained = new Set();
  for (let i = 0; i < total; i++) if (C.reward[i] !== null) trained.add(C.step[i]);
  steps = [...trained].sort((a, b) => a - b);
  $("steps").hidden = steps.length < 2;
  $("step").max = steps.length;
  $("step").addEventListener("input", () => {
    goToStep(Number($("step").value));
  });
}

// Position 0 of the slider is all steps. RL's samples are not paired, so a step ends the pairs.
function goToStep(at) {
  if (steps.length < 2) return;
  const to = Math.max(0, Math.min(steps.length, at));
  if (to) set({ step: String(steps[to - 1]), pair: "", change: "" });
  else set({ step: "", pair: state.step === "" ? state.pair : defaults().pair });
}

function defaults() {
  return { ...PLAIN, pair: usualPair() };
}

// Change filters or order. A new order opens its first trace; a filter that drops the open trace
// opens another, once the list is on the screen.
function set(values) {
  const reordered = ["sort", "down", "seed", "draw"].some(
    (key) => key in values && values[key] !== state[key],
  );
  Object.assign(state, values);
  if (reordered) current = -1;
  changed();
  clearTimeout(reopening);
  if (place < 0) reopening = setTimeout(reopen, 50);
}

function reopen() {
  if (place >= 0) return;
  current = worthReading();
  center();
  draw();
  show();
  remember();
}

// Accuracy and mean reward of the selected traces, for the label of the slider.
function average() {
  const rows = [...selected.rows];
  if (!rows.length) return "";
  const total = (numbers) => numbers.reduce((sum, number) => sum + number, 0);
  const share = Math.round((100 * total(rows.map((i) => C.correct[i]))) / rows.length);
  const rewards = rows.map((i) => C.reward[i]).filter((reward) => reward !== null);
  const mean = (total(rewards) / rewards.length).toFixed(2).replace("-", "−");
  return `: ${share}% right${rewards.length ? `, mean reward ${mean}` : ""}`;
}

// Make the controls show the state.
function showState() {
  if ($("text").value !== state.text) $("text").value = state.text;
  for (const node of $("selects").querySelectorAll("select")) {
    node.value = state[node.dataset.field];
    node.classList.toggle("on", node.value !== defaults()[node.dataset.field]);
  }
  $("selects").querySelector(".way").textContent = state.down ? "↓" : "↑";
  attr($("selects").querySelector(".way"), {
    "aria-label": state.down ? "descending" : "ascending",
  });
  for (const field of ["outcomes", "flags"]) {
    D[field].forEach(({ name }, at) => showToggle(field, name, selected[field][at]));
  }
  const at = state.step === "" ? 0 : steps.indexOf(Number(state.step)) + 1;
  $("step").value = at;
  $("stepname").textContent = at ? `step ${count(steps[at - 1])}${average()}` : "all steps";
  $("step").setAttribute("aria-valuetext", $("stepname").textContent);
  $("seed").value = state.seed;
  if (state.draw) $("many").value = state.draw;
  const shown = selected.rows.length;
  const drew = shown < selected.found ? `${count(shown)} drawn at random of ` : "";
  const all = comparison() ? plural(comparison().count, "pair") : plural(total, "trace");
  $("found").textContent = `${drew}${count(selected.found)} of ${all}`;
  showMatrix();
  const changedOnes = Object.entries(defaults()).filter(([key, value]) => state[key] !== value);
  $("clear").hidden = !changedOnes.length;
  for (const cell of head.children) {
    const sorted = state.sort && cell.dataset.field === state.sort && state.sort !== "random";
    attr(cell, { "aria-sort": sorted ? (state.down ? "descending" : "ascending") : "none" });
  }
}

function showToggle(field, name, number) {
  const node = $("bar").querySelector(`[data-field=${field}][data-value=${name}]`);
  node.lastChild.textContent = count(number);
  attr(node, { "aria-pressed": String(state[field].split(" ").includes(name)) });
}

function showMatrix() {
  const pair = comparison();
  $("matrix").hidden = !pair;
  if (!pair) return;
  const counts = Object.fromEntries(CHANGES.map((name, at) => [name, selected.changes[at]]));
  for (const name of MATRIX) showToggle("change", name, counts[name]);
  pair.names.forEach((arm, model) => {
    const word = ["before", "after"][model];
    for (const node of $("matrix").querySelectorAll(`.${word}`)) node.textContent = short(arm);
  });
  const pairs = selected.changes.reduce((sum, number) => sum + number, 0);
  const share = (number) => `${Math.round((100 * number) / pairs)}%`;
  const before = share(counts.right + counts.broken);
  if (pairs) $("found").textContent += `; right: ${before} → ${share(counts.right + counts.fixed)}`;
}
