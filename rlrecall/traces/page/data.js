// Unpacks the records that packing.py wrote and gives access to their fields.
//
// A record is an index into the arrays of C; strings, sentences, facts and questions are stored once
// and referred to by number.

let D = null; // the whole payload, PackedRecords.payload() in packing.py
let C = null; // its columns: one array per field
let total = 0;
let starts = null; // record -> where its sentences and the pieces of its completion begin
let groups = []; // group -> its records, in the order of the samples
let byQuestion = null; // question -> its records; built on first use

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

async function loadRecords() {
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

function answer(i) {
  return C.answer[i] < 0 ? null : string(C.answer[i]);
}

// [gold premises that the thought states, gold premises of the question].
function premises(i) {
  const needed = question(i).premises.length;
  return [Math.round(C.gold_recalled[i] * needed), needed];
}

function outcome(i) {
  return D.outcomes[C.outcome[i]].name;
}

// The bit of C.flags that stands for a flag; 0 for an unknown one.
function flagBit(flag) {
  return (1 << (D.flags.findIndex((f) => f.name === flag) + 1)) >> 1;
}

function flagged(i, flag) {
  return (C.flags[i] & flagBit(flag)) !== 0;
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

// The facts that a context mode put before the question.
function context(i) {
  const pieces = D.prompts[C.prompt[i]][2];
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
    const label = D.labels[number % D.labels.length].name;
    found.push({ ...sentence(Math.floor(number / D.labels.length)), label });
  }
  return found;
}

// [{name, label}] of the candidates that a thought enumerates. The record's own list is stored only
// where it differs from the subjects of the sentences; then there are no labels.
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
function recordsOf(number) {
  if (!byQuestion) {
    byQuestion = D.questions.map(() => []);
    for (let r = 0; r < total; r++) byQuestion[C.question[r]].push(r);
  }
  return byQuestion[number];
}
