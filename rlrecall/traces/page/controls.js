// What stands above the list: search, filters, the slider through the steps of RL, random draws.

const $ = (id) => document.getElementById(id);
const FLAGS = { truncated: "cut off", unparsable: "? unparsable", hallucinated: "✗ hallucinated" };
let steps = []; // of the records that a training wrote

function setUpControls() {
  $("text").addEventListener("input", () => set({ text: $("text").value }));
  for (const field of SELECTS) {
    const values = [...D.names[field]].sort();
    if (values.length > 1) {
      $("selects").append(selector(field, [["", `any ${field}`], ...values.map((v) => [v, v])]));
    }
  }
  if (D.runs.length > 1) {
    const runs = [["pairs", "pairs"], ["0", "before"], ["1", "after"], ["", "both"]];
    $("selects").append(
      selector("run", runs),
      selector("change", [["", "any change"], ...Object.keys(CHANGES).map((c) => [c, c])]),
    );
  }
  $("selects").append(selector("sort", Object.entries(SORTS).map(([key, [label]]) => [key, label])));
  $("selects").append(button("↑", () => set({ down: state.down ? "" : "1" }), "button.plain.way"));
  for (const o of D.outcomes) $("outcomes").append(toggle("outcomes", o, OUTCOMES[o], `.${o}`));
  for (const flag of Object.keys(D.flags)) $("outcomes").append(toggle("flags", flag, FLAGS[flag]));
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
  $("keys").addEventListener("click", () => $("help").showModal());
  $("done").addEventListener("click", () => $("help").close());
  for (const note of D.notes) $("notes").append(el("li", foreign(note)));
  $("notes").hidden = !D.notes.length;
  for (const [label, mark] of Object.entries(MARKS)) {
    $("legend").append(
      el("dt", el(`span.tag.${label}`, `${mark} ${label}`)), el("dd", MEANING[label]),
    );
  }
}

function selector(field, choices) {
  const node = attr(el("select"), { "aria-label": field, "data-field": field });
  for (const [value, label] of choices) node.append(attr(el("option", short(label)), { value }));
  node.addEventListener("change", () => set({ [field]: node.value, ...(field === "sort" && { down: "" }) }));
  return node;
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

// The slider's place: 0 is all steps. What RL wrote has no pair, so pairs make way.
function goToStep(at) {
  if (steps.length < 2) return;
  const to = Math.max(0, Math.min(steps.length, at));
  const usual = { run: state.step !== "" ? defaults().run : state.run };
  set(to ? { step: String(steps[to - 1]), run: "" } : { step: "", ...usual });
}

function defaults() {
  return { ...PLAIN, run: D.runs.length > 1 && C.partner.some((p) => p >= 0) ? "pairs" : "" };
}

function set(values) {
  Object.assign(state, values);
  changed();
}

// How the selected traces of a step did, for whoever moves the slider.
function average() {
  const rows = [...selected.rows];
  if (!rows.length) return "";
  const total = (numbers) => numbers.reduce((sum, number) => sum + number, 0);
  const share = Math.round((100 * total(rows.map((i) => C.correct[i]))) / rows.length);
  const rewards = rows.map((i) => C.reward[i]).filter((reward) => reward !== null);
  const mean = (total(rewards) / rewards.length).toFixed(2).replace("-", "−");
  return `: ${share} % right${rewards.length ? `, mean reward ${mean}` : ""}`;
}

// The controls show what the state is, wherever it came from.
function reflect() {
  if ($("text").value !== state.text) $("text").value = state.text;
  for (const node of $("selects").querySelectorAll("select")) {
    node.value = state[node.dataset.field];
    node.classList.toggle("on", node.value !== defaults()[node.dataset.field]);
  }
  $("selects").querySelector(".way").textContent = state.down ? "↓" : "↑";
  attr($("selects").querySelector(".way"), {
    "aria-label": state.down ? "descending" : "ascending",
  });
  for (const node of $("outcomes").children) {
    const { field, value } = node.dataset;
    const counts = field === "flags" ? selected.flags[value] : selected.outcomes[D.outcomes.indexOf(value)];
    node.lastChild.textContent = count(counts);
    attr(node, { "aria-pressed": String(state[field].split(" ").includes(value)) });
  }
  const at = state.step === "" ? 0 : steps.indexOf(Number(state.step)) + 1;
  $("step").value = at;
  $("stepname").textContent = at ? `step ${count(steps[at - 1])}${average()}` : "all steps";
  $("step").setAttribute("aria-valuetext", $("stepname").textContent);
  $("seed").value = state.seed;
  if (state.draw) $("many").value = state.draw;
  const shown = selected.rows.length;
  const drew = shown < selected.found ? `${count(shown)} drawn at random of ` : "";
  const pairs = state.run === "pairs" ? " pairs" : "";
  $("found").textContent = `${drew}${count(selected.found)}${pairs} of ${plural(total, "trace")}`;
  const changedOnes = Object.entries(defaults()).filter(([key, value]) => state[key] !== value);
  $("clear").hidden = !changedOnes.length;
  for (const cell of head.children) {
    const sorted = state.sort && cell.dataset.field === state.sort && state.sort !== "random";
    attr(cell, { "aria-sort": sorted ? (state.down ? "descending" : "ascending") : "none" });
  }
}
