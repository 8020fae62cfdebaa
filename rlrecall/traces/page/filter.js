// Which records are shown, in which order. A filter is one pass over all records; orders are made
// once each; the strings that are searched are put in lower case after the page stands.

const SELECTS = ["set", "kind", "split", "mode", "arm", "family"];
const PLAIN = {
  text: "", set: "", kind: "", split: "", mode: "", arm: "", family: "", step: "", run: "",
  change: "", outcomes: "", flags: "", sort: "", down: "", seed: "1", draw: "",
};
const CHANGES = { gained: [0, 1], lost: [1, 0], "right in both": [1, 1], "wrong in both": [0, 0] };
const SORTS = {
  "": ["order of the files", (i) => i],
  set: ["set", ranked("set")],
  split: ["split", ranked("split")],
  kind: ["kind", ranked("kind")],
  mode: ["mode", ranked("mode")],
  arm: ["arm", ranked("arm")],
  step: ["step", (i) => C.step[i]],
  correct: ["correct", (i) => C.correct[i]],
  gold: ["premises recalled", (i) => C.gold[i]],
  false: ["hallucinated", (i) => C.false[i]],
  tokens: ["tokens", (i) => C.tokens[i]],
  reward: ["reward", (i) => C.reward[i] ?? NaN],
  spread: ["reward spread", (i) => D.spread[C.group[i]] ?? NaN],
  random: ["random, by seed", (i) => shuffled(i, Number(state.seed))],
};

const state = { ...PLAIN };
const orders = new Map();
const search = { low: [], query: "", hit: null };

function ranked(field) {
  let ranks = null;
  return (i) => {
    if (!ranks) {
      const sorted = [...D.names[field]].sort();
      ranks = D.names[field].map((value) => sorted.indexOf(value));
    }
    return ranks[C[field][i]];
  };
}

// A number that looks drawn, from a record's place and a seed (the finalizer of MurmurHash3).
function shuffled(i, seed) {
  let x = (i + 1) ^ Math.imul(seed + 1, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

// All records in the order of `state`; those without a value are last, whichever way it goes.
function order() {
  const key = state.sort === "random" ? `random ${state.seed}` : `${state.sort} ${state.down}`;
  if (!orders.has(key)) {
    if (orders.size > 16) orders.clear();
    const value = SORTS[state.sort][1];
    const values = new Float64Array(total);
    for (let i = 0; i < total; i++) values[i] = value(i);
    // As numbers: the rank (of a draw: the number drawn), then the place.
    if (state.sort !== "random") toRanks(values, state.down);
    for (let i = 0; i < total; i++) values[i] = values[i] * total + i;
    values.sort();
    const sorted = new Uint32Array(total);
    for (let at = 0; at < total; at++) sorted[at] = values[at] % total;
    orders.set(key, sorted);
  }
  return orders.get(key);
}

function toRanks(values, down) {
  const different = Float64Array.from(new Set(values)).sort().filter((x) => x === x);
  if (down) different.reverse();
  const ranks = new Map();
  for (let at = 0; at < different.length; at++) ranks.set(different[at], at);
  for (let i = 0; i < values.length; i++) values[i] = ranks.get(values[i]) ?? different.length;
}

function folded(text) {
  const low = text.toLowerCase();
  return /[^\S ]| {2}/.test(low) ? low.replace(/\s+/g, " ") : low;
}

function prepare(until) {
  for (let n = search.low.length; n < until; n++) search.low.push(folded(D.strings[n]));
}

function prepareLater() {
  const end = performance.now() + 12;
  const all = D.strings.length;
  while (search.low.length < all && performance.now() < end) {
    prepare(Math.min(all, search.low.length + 500));
  }
  if (search.low.length < all) setTimeout(prepareLater, 4);
}

// For every string, whether it has the text.
function having(text) {
  const found = new Uint8Array(search.low.length);
  for (let n = 0; n < found.length; n++) if (search.low[n].includes(text)) found[n] = 1;
  return found;
}

// Which records have the text; null if none is asked for. Searched are a question with its answer,
// premises and options, and the completion; facts that a context gave are not, as in the terminal.
// Completions are held in pieces that were split at ". ", so only a text with a full stop can lie
// in more than one of them, and then its longest part says which completions to look at whole.
function hits() {
  const spelled = state.text.replace(/⟨U\+([0-9A-F]{4,6})⟩/g, (all, hex) =>
    parseInt(hex, 16) > 0x10ffff ? all : String.fromCodePoint(parseInt(hex, 16)),
  );
  const query = folded(spelled).trim();
  if (!query) return null;
  if (query === search.query) return search.hit;
  prepare(D.strings.length);
  const has = having(query);
  const spans = query.includes(".");
  const longest = query.split(".").map((s) => s.trim()).sort((a, b) => b.length - a.length)[0];
  const part = spans ? having(longest) : has;
  const inAsked = D.asked.map(([number, text]) => {
    const q = D.questions[number];
    const premises = q.premises.map((s) => D.sentences[s][0]);
    return [text, q.id, q.gold, ...q.options, ...premises].some((n) => has[n]);
  });
  const hit = new Uint8Array(total);
  for (let i = 0; i < total; i++) {
    let found = inAsked[C.asked[i]];
    for (let p = starts.pieces[i]; !found && p < starts.pieces[i + 1]; p++) {
      if (!part[D.pieces[p]]) continue;
      found = !spans || folded(completion(i)).includes(query);
      if (!found) break;
    }
    if (found) hit[i] = 1;
  }
  search.query = query;
  search.hit = hit;
  return hit;
}

// {rows, outcomes, flags}: what passes, and how many would for each outcome and flag.
function select() {
  const hit = hits();
  const fixed = [];
  for (const field of SELECTS) {
    if (state[field]) fixed.push([C[field], D.names[field].indexOf(state[field])]);
  }
  if (state.step !== "") fixed.push([C.step, Number(state.step)]);
  if (state.run === "0" || state.run === "1") fixed.push([C.side, Number(state.run)]);
  const pairs = state.run === "pairs";
  const change = Object.hasOwn(CHANGES, state.change) ? CHANGES[state.change] : null;
  const wanted = state.outcomes.split(" ").filter(Boolean);
  const allowed = D.outcomes.map((o) => !wanted.length || wanted.includes(o));
  let mask = 0;
  for (const flag of state.flags.split(" ").filter(Boolean)) mask |= D.flags[flag] ?? 0;
  const outcomes = D.outcomes.map(() => 0);
  const flags = Object.fromEntries(Object.keys(D.flags).map((flag) => [flag, 0]));
  const bits = Object.entries(D.flags);
  const sorted = order();
  const rows = new Uint32Array(total);
  let found = 0;
  scan: for (let at = 0; at < total; at++) {
    const i = sorted[at];
    if (hit && !hit[i]) continue;
    for (let f = 0; f < fixed.length; f++) if (fixed[f][0][i] !== fixed[f][1]) continue scan;
    const partner = C.partner[i];
    if (pairs && (partner < 0 || !C.side[i])) continue;
    if (change) {
      if (partner < 0) continue;
      const [before, after] = C.side[i] ? [partner, i] : [i, partner];
      if (C.correct[before] !== change[0] || C.correct[after] !== change[1]) continue;
    }
    if ((C.flags[i] & mask) === mask) outcomes[C.outcome[i]]++;
    if (!allowed[C.outcome[i]]) continue;
    for (const [flag, bit] of bits) if ((C.flags[i] & (mask | bit)) === (mask | bit)) flags[flag]++;
    if ((C.flags[i] & mask) === mask) rows[found++] = i;
  }
  const drawn = state.sort === "random" ? Number(state.draw) : 0;
  return { rows: rows.subarray(0, Math.min(drawn || found, found)), found, outcomes, flags };
}
