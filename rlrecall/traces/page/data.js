// The records, as columns.py wrote them: one array for each field, strings by their numbers.

let D = null; // what columns.py calls data()
let C = null; // its columns
let total = 0;
let starts = null; // record -> where its sentences and its completion's pieces begin
let groups = []; // group -> its records, in the order of the samples
let asked = null; // question -> its records; made when first asked for

async function unpack() {
  const packed = document.getElementById("data").textContent.trim();
  let bytes;
  if (Uint8Array.fromBase64) {
    bytes = Uint8Array.fromBase64(packed);
  } else {
    const text = atob(packed);
    bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  }
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

async function load() {
  D = await unpack();
  C = D.columns;
  total = C.side.length;
  for (const name of ["pieces", "recalled"]) D[name] = Uint32Array.from(D[name]);
  starts = { recalled: new Uint32Array(total + 1), pieces: new Uint32Array(total + 1) };
  for (const name of ["recalled", "pieces"]) {
    const ends = starts[name];
    const sizes = C[name];
    for (let i = 0; i < total; i++) ends[i + 1] = ends[i] + sizes[i];
  }
  groups = D.spread.map(() => []);
  for (let i = 0; i < total; i++) groups[C.group[i]].push(i);
  for (const members of groups) members.sort((a, b) => C.k[a] - C.k[b]);
}

function string(number) {
  return D.strings[number];
}

function name(field, i) {
  return D.names[field][C[field][i]];
}

function question(i) {
  return D.questions[C.question[i]];
}

// The number of premises that the gold answer needs, and how many of them the thought has.
function premises(i) {
  const needed = question(i).premises.length;
  return [Math.round(C.gold[i] * needed), needed];
}

function outcome(i) {
  return D.outcomes[C.outcome[i]];
}

function flagged(i, flag) {
  return (C.flags[i] & D.flags[flag]) !== 0;
}

function joined(pieces, from, to) {
  if (to - from === 1) return D.strings[pieces[from]];
  let text = D.strings[pieces[from]];
  for (let p = from + 1; p < to; p++) text += ". " + D.strings[pieces[p]];
  return text;
}

function completion(i) {
  return joined(D.pieces, starts.pieces[i], starts.pieces[i + 1]);
}

function context(i) {
  const pieces = D.asked[C.asked[i]][2];
  return pieces.length ? joined(pieces, 0, pieces.length) : "";
}

function sentence(number) {
  const [text, subject, fact, about] = D.sentences[number];
  return { text: string(text), subject: subject < 0 ? null : string(subject), fact, about };
}

// [{text, subject, fact, about, label}] of a thought, in order.
function thought(i) {
  const found = [];
  for (let p = starts.recalled[i]; p < starts.recalled[i + 1]; p++) {
    const number = D.recalled[p];
    const label = D.labels[number % D.labels.length];
    found.push({ ...sentence(Math.floor(number / D.labels.length)), label });
  }
  return found;
}

// [{name, label}]: whom the thought went through. Where the file's list does not follow from the
// sentences, the list is what counts, and there are no labels.
function candidates(i) {
  const own = D.enumerated[i];
  if (own) return own.map((number) => ({ name: string(number), label: "" }));
  return thought(i)
    .filter((s) => s.subject !== null)
    .map((s) => ({ name: s.subject, label: s.label }));
}

function fact(number) {
  const [subject, relation, object, text] = D.facts[number].map(string);
  return { subject, relation, object, text };
}

// The records of a question, given by its number.
function ofQuestion(number) {
  if (!asked) {
    asked = D.questions.map(() => []);
    for (let r = 0; r < total; r++) asked[C.question[r]].push(r);
  }
  return asked[number];
}

// A record is named by what it is, not by its place, so that links outlive this file.
const WHERE = ["arm", "stage", "mode"];

function address(i) {
  const where = WHERE.map((field) => name(field, i));
  const rank = twins(i).indexOf(i);
  return [...where, C.step[i], C.k[i], C.side[i], rank].map(String);
}

// Records that differ in nothing that a link names, such as a question drawn twice in a step.
function twins(i) {
  return ofQuestion(C.question[i]).filter(
    (r) =>
      WHERE.every((field) => C[field][r] === C[field][i]) &&
      C.step[r] === C.step[i] && C.k[r] === C.k[i] && C.side[r] === C.side[i],
  );
}

// The record that a link means: the question's record that agrees with it in most respects.
function find(id, where) {
  let best = -1;
  let most = -1;
  D.questions.forEach((q, number) => {
    if (string(q.id) !== id) return;
    for (const i of ofQuestion(number)) {
      const own = where.length ? address(i) : [];
      const score = own.filter((part, at) => part === where[at]).length;
      if (score > most) [best, most] = [i, score];
    }
  });
  return best;
}
