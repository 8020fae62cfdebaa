// Shows one trace: the answer, the thought sentence by sentence, the candidates it enumerates.

function label(name) {
  return D.labels.find((l) => l.name === name);
}

function answerLine(i) {
  const right = C.correct[i];
  const given = answer(i) === null ? el("i", "none given") : foreign(answer(i));
  const gold = right ? [] : [" — gold answer ", el("b", foreign(string(question(i).gold)))];
  const sign = el(`span.tag.${right ? "right" : "false"}`, right ? "✓ right" : "✗ wrong");
  return el("p.answered", sign, " answer ", el("b", given), ...gold);
}

function badges(i) {
  const node = el("p.badges");
  const [found, needed] = premises(i);
  node.append(
    el(`span.badge.${outcome(i)}`, outcome(i)),
    el("span.badge", `${found} of ${plural(needed, "gold premise")}`),
  );
  if (flagged(i, "hallucinated")) {
    node.append(el("span.badge.bad", plural(C.false[i], "false sentence")));
  }
  if (flagged(i, "unparsable")) node.append(el("span.badge", "unparsable"));
  const tokens = plural(C.tokens[i], "token");
  node.append(
    el("span.badge", flagged(i, "truncated") ? `cut off at ${tokens}` : tokens),
  );
  return node;
}

function sentences(i) {
  const all = thought(i);
  if (!all.length) return el("p.note", "No thought.");
  return some(el("ol.thought"), all, premiseItem);
}

function premiseItem(s) {
  const line = [
    attr(el(`span.mark.${s.label}`, label(s.label).mark), { "aria-hidden": "true" }),
    el(`span.said.${s.label}`, foreign(s.text)),
    el(`span.tag.${s.label}`, s.label),
  ];
  const item = el(`li.${s.label}`);
  if (s.fact < 0 && !s.about.length && s.label !== "true") return el(`li.${s.label}`, ...line);
  const details = el("details", el("summary", ...line));
  details.addEventListener("toggle", () => {
    if (details.children.length === 1) details.append(source(s));
  });
  item.append(details);
  return item;
}

// The facts of the set behind a sentence.
function source(s) {
  if (s.fact >= 0) return factBox(s.fact);
  if (!s.about.length) {
    return el("p.note", "No single fact of the set states this; several together entail it.");
  }
  const box = el("div.about", el("p.note", "No fact states this. Facts about the same subject:"));
  box.append(...s.about.map(factBox));
  return box;
}

function factBox(number) {
  const f = fact(number);
  const triple = el("dl.fact");
  for (const part of ["subject", "relation", "object"]) {
    triple.append(el("dt", part), el("dd", foreign(f[part])));
  }
  triple.append(el("dt", "sentence"), el("dd", foreign(f.text)));
  const others = button("traces with this sentence", () => {
    set({ text: f.text });
    close();
  }, "button.link");
  return el("div.source", triple, others);
}

// The gold premises, each with whether the thought states it.
function goldPremises(i) {
  const said = thought(i).filter((s) => s.label === "gold");
  const items = question(i).premises.map((number) => {
    const p = sentence(number);
    const found = said.some((s) => (s.fact >= 0 ? s.fact === p.fact : s.text === p.text));
    const item = premiseItem({ ...p, label: "gold" });
    const line = item.querySelector("summary") ?? item;
    line.firstChild.textContent = found ? "✓" : "○";
    line.lastChild.textContent = found ? "recalled" : "not recalled";
    if (!found) item.classList.add("missed");
    return item;
  });
  return el("ol.thought.gold-list", ...items);
}

// The candidates that a thought enumerates, with marks for repeats and gold premises; null if the
// thought is no enumeration.
function enumeration(i) {
  if (!C.candidates[i]) return null;
  const seen = new Set();
  const chips = candidates(i).map(({ name, label }, at) => {
    const again = seen.has(name);
    seen.add(name);
    return { name, label, again, at };
  });
  const words = [plural(C.candidates[i], "candidate"), plural(C.repeats[i], "repeat")];
  words.push(C.position[i] ? `gold premise in statement ${C.position[i]}` : "no gold premise");
  return el(
    "div.enumeration",
    el("p.note", `In order: ${words.join(", ")}.`),
    some(el("ol.strip"), chips, ({ name, label: labelled, again, at }) => {
      const chip = el(`li.chip.${labelled || "unknown"}${again ? ".again" : ""}`);
      chip.title = [labelled, again && "repeated", `number ${at + 1}`].filter(Boolean).join(", ");
      const sign = (label(labelled)?.mark ?? "") + (again ? "↺" : "");
      chip.append(el("span.sign", sign), foreign(name, 80));
      return chip;
    }),
  );
}

function written(i) {
  const details = el("details.written", el("summary", "as written"));
  details.addEventListener("toggle", () => {
    if (details.children.length === 1) details.append(verbatim(completion(i)));
  });
  return details;
}

function trace(i, heading) {
  const box = el("section.trace", heading ? el("h3", heading) : null);
  box.append(answerLine(i), badges(i), sentences(i));
  box.append(...[enumeration(i), written(i)].filter(Boolean));
  return box;
}
