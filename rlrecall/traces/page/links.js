// Reads and writes the part of the address after "#": filters, and the trace that is open.
//
// The format is that of a query string, for example
//     #set=B&kind=composition&split=holdout&mode=think&arm=rl&q=B%2Fhierarchy%2F12
// All keys are optional; trace_link() in links.py builds such links.
//     set, kind, split, mode, arm, family, run   exactly this value of the field
//     step       exactly this RL step (0: evaluations)
//     text       search text
//     outcomes   names of outcomes, separated by spaces: any of them
//     flags      names of flags, separated by spaces: all of them
//     pair       two arms, "sft~rl": answers of the second, each beside that of the first;
//                empty: no pairs
//     change     "fixed", "broken", "right" (in both) or "wrong" (in both): what the second of a
//                pair changed; without `pair` it means the first comparison of the page
//     sort, down a key of SORTS in filter.js; down=1: descending
//     seed, draw with sort=random: the seed, and how many traces to draw
//     q          id of the question to open
//     at         which of its traces: arm~stage~mode~step~sample~run~duplicate, where run is 0 or 1
// A page of two runs shows pairs unless a link says otherwise by `pair`, `arm`, `run` or `step`.
// Without `q`, the page opens on a trace worth reading among those that pass the filters.

// A record is identified by its fields, not by its index, so that links survive a rebuild.
const ADDRESS = ["arm", "stage", "mode"];

function address(i) {
  const fields = ADDRESS.map((field) => name(field, i));
  return [...fields, C.step[i], C.k[i], C.side[i], duplicates(i).indexOf(i)].map(String);
}

// Records with the same address, such as those of a question drawn twice in one step.
function duplicates(i) {
  return recordsOf(C.question[i]).filter(
    (r) =>
      ADDRESS.every((field) => C[field][r] === C[field][i]) &&
      C.step[r] === C.step[i] && C.k[r] === C.k[i] && C.side[r] === C.side[i],
  );
}

// The record that a link opens: of the question's records the one that agrees with the address in
// most fields; without an address the first that passes the filters. -1 if there is none.
function find(id, where) {
  let best = -1;
  let most = -1;
  D.questions.forEach((q, number) => {
    if (string(q.id) !== id) return;
    for (const i of recordsOf(number)) {
      const score = where
        ? address(i).filter((part, at) => part === where[at]).length
        : Number(selected.rows.includes(i));
      if (score > most) [best, most] = [i, score];
    }
  });
  return best;
}

// The address of record i with the present filters; only what differs from the usual is written.
function hash(i) {
  const parts = new URLSearchParams();
  if (i >= 0) {
    parts.set("q", string(question(i).id));
    parts.set("at", address(i).join("~"));
  }
  const usual = defaults();
  for (const key of Object.keys(PLAIN)) if (state[key] !== usual[key]) parts.set(key, state[key]);
  if (["arm", "run", "step", "change"].some((key) => state[key])) parts.set("pair", state.pair);
  return `#${parts}`;
}

let remembering = 0;

// Browsers limit how often the address may change, so a key that is held down writes it once.
function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(() => history.replaceState(history.state, "", hash(current)), 150);
}

// Set the state from the address. Values that make no sense fall back to the usual ones.
function readHash() {
  const parts = new URLSearchParams(location.hash.slice(1));
  Object.assign(state, defaults());
  for (const key of Object.keys(PLAIN)) if (parts.has(key)) state[key] = parts.get(key);
  for (const key of ["seed", "draw"]) if (!/^\d{1,9}$/.test(state[key])) state[key] = PLAIN[key];
  if (!Object.hasOwn(SORTS, state.sort)) state.sort = "";
  if (!CHANGES.includes(state.change)) state.change = "";
  if (!parts.has("pair")) {
    if (state.change && D.comparisons.length) state.pair = pairKey(D.comparisons[0]);
    else if (["arm", "run", "step"].some((key) => parts.has(key))) state.pair = "";
  }
  if (!pairUp(state.pair)) state.pair = "";
  return parts;
}

function followLink() {
  const parts = readHash();
  current = -1;
  changed();
  const where = parts.has("at") ? parts.get("at").split("~") : null;
  if (parts.has("q")) current = find(parts.get("q"), where);
  const linked = current >= 0;
  if (!linked) current = worthReading();
  if (current < 0) {
    show();
    return;
  }
  center();
  choose(current);
  if (linked) open();
}

// What to open: of sorted records the first. Otherwise the first of the best: fixed or, without
// pairs, right with all gold premises recalled; with a thought; of the set, kind, split and mode that
// D.opening names. -1 if no record is selected.
function worthReading() {
  if (state.sort && selected.rows.length) return selected.rows[0];
  const pair = comparison();
  const fixed = CHANGES.indexOf("fixed");
  const { outcome: name, ...fields } = D.opening;
  const recalled = D.outcomes.findIndex((o) => o.name === name);
  const preferred = Object.entries(fields)
    .map(([field, value]) => [C[field], D.names[field].indexOf(value)])
    .filter(([, value]) => value >= 0);
  let best = -1;
  let most = -1;
  for (const i of selected.rows) {
    let score = 0;
    if (pair && pair.changes[i] === fixed) score += 100;
    if (C.outcome[i] === recalled) score += 20;
    if (C.recalled[i] > 0) score += 3;
    for (const [values, value] of preferred) if (values[i] === value) score++;
    if (score > most) [best, most] = [i, score];
  }
  return best;
}
