// Selects the records to list and sorts them.
//
// A filter is one pass over all records. Each order is computed once. The strings to search are
// lower-cased in the background after the page has opened.

const SELECTS = ["set", "kind", "split", "mode", "arm", "family", "run"];
const PLAIN = {
  text: "", set: "", kind: "", split: "", mode: "", arm: "", family: "", run: "", step: "",
  pair: "", change: "", outcomes: "", flags: "", sort: "", down: "", seed: "1", draw: "",
};
const SORTS = {
  "": ["file order", (i) => i],
  set: ["set", ranked("set")],
  split: ["split", ranked("split")],
  kind: ["kind", ranked("kind")],
  mode: ["mode", ranked("mode")],
  arm: ["arm", ranked("arm")],
  step: ["step", (i) => C.step[i]],
  correct: ["correct", (i) => C.correct[i]],
  premises: ["premises recalled", (i) => C.gold_recalled[i]],
  false: ["false premises", (i) => C.false[i]],
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

// A pseudo-random number for a record and a seed (the finalizer of MurmurHash3).
function shuffled(i, seed) {
  let x = (i + 1) ^ Math.imul(seed + 1, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

// All records in the order of `state`; records without a value come last in both directions.
function order() {
  const key = state.sort === "random" ? `random ${state.seed}` : `${state.sort} ${state.down}`;
  if (!orders.has(key)) {
    if (orders.size > 16) orders.clear();
    const value = SORTS[state.sort][1];
    const values = new Float64Array(total);
    for (let i = 0; i < total; i++) values[i] = value(i);
    // One number per record: its rank (or random number) first, its index second.
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

function normalized(text) {
  const low = text.toLowerCase();
  return /[^\S ]| {2}/.test(low) ? low.replace(/\s+/g, " ") : low;
}

function lowerStrings(until) {
  for (let n = search.low.length; n < until; n++) search.low.push(normalized(D.strings[n]));
}

function lowerStringsLater() {
  const end = performance.now() + 12;
  const all = D.strings.length;
  while (search.low.length < all && performance.now() < end) {
    lowerStrings(Math.min(all, search.low.length + 500));
  }
  if (search.low.length < all) setTimeout(lowerStringsLater, 4);
}

// For every string, whether it contains the text.
function containing(text) {
  const found = new Uint8Array(search.low.length);
  for (let n = 0; n < found.length; n++) if (search.low[n].includes(text)) found[n] = 1;
  return found;
}

// Which records contain the search text; null if there is none. Searched are the question with its
// gold answer, premises and options, and the completion, but not the facts of a context.
// Completions are stored in pieces split at ". ". Only a text with a period can span two pieces;
// then its longest part tells which completions have to be searched whole.
function textMatches() {
  const unescaped = state.text.replace(/⟨U\+([0-9A-F]{4,6})⟩/g, (all, hex) =>
    parseInt(hex, 16) > 0x10ffff ? all : String.fromCodePoint(parseInt(hex, 16)),
  );
  const query = normalized(unescaped).trim();
  if (!query) return null;
  if (query === search.query) return search.hit;
  lowerStrings(D.strings.length);
  const has = containing(query);
  const spans = query.includes(".");
  const longest = query.split(".").map((s) => s.trim()).sort((a, b) => b.length - a.length)[0];
  const part = spans ? containing(longest) : has;
  const inPrompt = D.prompts.map(([number, text]) => {
    const q = D.questions[number];
    const premises = q.premises.map((s) => D.sentences[s][0]);
    return [text, q.id, q.gold, ...q.options, ...premises].some((n) => has[n]);
  });
  const hit = new Uint8Array(total);
  for (let i = 0; i < total; i++) {
    let found = inPrompt[C.prompt[i]];
    for (let p = starts.pieces[i]; !found && p < starts.pieces[i + 1]; p++) {
      if (!part[D.pieces[p]]) continue;
      found = !spans || normalized(completion(i)).includes(query);
      if (!found) break;
    }
    if (found) hit[i] = 1;
  }
  search.query = query;
  search.hit = hit;
  return hit;
}

// What passes all filters but those of outcomes, flags and change, as a test of one record.
function basicFilter() {
  const hit = textMatches();
  const fixed = [];
  for (const field of SELECTS) {
    if (state[field]) fixed.push([C[field], D.names[field].indexOf(state[field])]);
  }
  if (state.step !== "") fixed.push([C.step, Number(state.step)]);
  // Samples that RL draws before its first step are of step 0 too.
  if (state.step === "0") fixed.push([C.stage, D.names.stage.indexOf("eval")]);
  const after = comparison()?.after;
  return (i) => {
    if (hit && !hit[i]) return false;
    if (after && !after[i]) return false;
    for (let f = 0; f < fixed.length; f++) if (fixed[f][0][i] !== fixed[f][1]) return false;
    return true;
  };
}

// {rows, found, outcomes, flags, changes}: the records that pass, at most as many as are to be
// drawn, and how many pass for each outcome, flag and change. Each of these three counts ignores its
// own filter.
function select() {
  const passes = basicFilter();
  const changes = comparison()?.changes;
  const change = CHANGES.indexOf(state.change);
  const wanted = state.outcomes.split(" ").filter(Boolean);
  const allowed = D.outcomes.map(({ name }) => !wanted.length || wanted.includes(name));
  let mask = 0;
  for (const flag of state.flags.split(" ").filter(Boolean)) mask |= flagBit(flag);
  const counts = {
    outcomes: D.outcomes.map(() => 0), flags: D.flags.map(() => 0), changes: CHANGES.map(() => 0),
  };
  const sorted = order();
  const rows = new Uint32Array(total);
  let found = 0;
  for (let at = 0; at < total; at++) {
    const i = sorted[at];
    if (!passes(i)) continue;
    const flagsPass = (C.flags[i] & mask) === mask;
    const outcomePasses = allowed[C.outcome[i]];
    if (changes) {
      if (flagsPass && outcomePasses) counts.changes[changes[i]]++;
      if (change >= 0 && changes[i] !== change) continue;
    }
    if (flagsPass) counts.outcomes[C.outcome[i]]++;
    if (!outcomePasses) continue;
    for (let f = 0; f < counts.flags.length; f++) {
      const both = mask | (1 << f);
      if ((C.flags[i] & both) === both) counts.flags[f]++;
    }
    if (flagsPass) rows[found++] = i;
  }
  const drawn = state.sort === "random" ? Number(state.draw) : 0;
  return { rows: rows.subarray(0, Math.min(drawn || found, found)), found, ...counts };
}
