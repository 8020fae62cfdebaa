// Pairs the answers of two models, before and after, to the same question in the same mode.

// What became of a question; the index is 2 * (right before) + (right after).
const CHANGES = ["wrong", "fixed", "broken", "right"];
const CHANGE_NAMES = {
  right: "right in both", broken: "broken", fixed: "fixed", wrong: "wrong in both",
};
const compared = new Map(); // key of a comparison -> what pairUp returned

// The chosen comparison, {key, names, partners, changes, after}, or null.
function comparison() {
  return state.pair ? pairUp(state.pair) : null;
}

// A comparison is named by its two models, as in "sft~rl".
function pairKey({ names }) {
  return names.join("~");
}

// partners: record -> the other model's record, or -1; changes: record -> index into CHANGES, or -1;
// after: record -> whether it is a paired record of the second model. null for an unknown key.
function pairUp(key) {
  if (!compared.has(key)) {
    const chosen = D.comparisons.find((c) => pairKey(c) === key);
    compared.set(key, chosen ? { key, names: chosen.names, ...partnersOf(chosen) } : null);
  }
  return compared.get(key);
}

// Only evaluations are paired: RL draws its questions anew, several samples of each. Where a model
// was asked the same thing twice, the first answer counts.
function partnersOf({ models: [before, after] }) {
  const evaluation = D.names.stage.indexOf("eval");
  const samples = C.k.reduce((most, k) => Math.max(most, k), 0) + 1;
  const first = [new Map(), new Map()];
  const found = {
    partners: new Int32Array(total).fill(-1),
    changes: new Int8Array(total).fill(-1),
    after: new Uint8Array(total),
    count: 0,
  };
  for (let i = 0; i < total; i++) {
    if (C.stage[i] !== evaluation) continue;
    const key = (C.question[i] * D.names.mode.length + C.mode[i]) * samples + C.k[i];
    [before, after].forEach(([side, arm], model) => {
      if (C.side[i] !== side || C.arm[i] !== arm || first[model].has(key)) return;
      first[model].set(key, i);
    });
  }
  for (const [key, a] of first[0]) {
    const b = first[1].get(key);
    if (b === undefined) continue;
    found.partners[a] = b;
    found.partners[b] = a;
    found.changes[a] = found.changes[b] = 2 * C.correct[a] + C.correct[b];
    found.after[b] = 1;
    found.count++;
  }
  return found;
}

// The key of the comparison that a page of two runs begins with.
function usualPair() {
  const [first] = D.comparisons;
  return D.runs.length > 1 && first && pairUp(pairKey(first)).count ? pairKey(first) : "";
}

// Whether two runs have an arm in common, so that its name does not tell them apart.
function runsDiffer() {
  return D.runs.length > 1 && D.comparisons.some(({ names: [before, after] }) => before === after);
}

// [before, after] for a paired record of either model, or null.
function pairOf(i) {
  const pair = comparison();
  if (!pair || pair.partners[i] < 0) return null;
  return pair.after[i] ? [pair.partners[i], i] : [i, pair.partners[i]];
}
