// One trace: the verdict, the thought sentence by sentence, whom it went through.

const MARKS = { gold: "✓", true: "·", false: "✗", unparsable: "?" };
const MEANING = {
  gold: "a premise of the question",
  true: "stated or entailed by the set",
  false: "claimed, and neither",
  unparsable: "no statement",
};
const OUTCOMES = {
  recalled: "recalled and right",
  misused: "recalled and wrong",
  lucky: "right without recall (lucky)",
  neither: "neither recalled nor right",
};

function verdict(i) {
  const right = C.correct[i];
  const answer = C.answer[i] < 0 ? el("i", "none given") : foreign(string(C.answer[i]));
  const target = right ? [] : [" — target ", el("b", foreign(string(question(i).gold)))];
  const sign = el(`span.tag.${right ? "right" : "false"}`, right ? "✓ right" : "✗ wrong");
  return el("p.verdict", sign, " answer ", el("b", answer), ...target);
}

function badges(i) {
  const node = el("p.badges");
  const [found, needed] = premises(i);
  node.append(
    el(`span.badge.${outcome(i)}`, OUTCOMES[outcome(i)]),
    el("span.badge", `${found} of ${plural(needed, "premise")}`),
  );
  if (flagged(i, "hallucinated")) {
    node.append(el("span.badge.bad", `✗ ${count(C.false[i])} hallucinated`));
  }
  if (flagged(i, "unparsable")) node.append(el("span.badge", "? unparsable"));
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
    attr(el(`span.mark.${s.label}`, MARKS[s.label]), { "aria-hidden": "true" }),
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

// What the set says on the matter.
function source(s) {
  if (s.fact >= 0) return factBox(s.fact);
  if (!s.about.length) {
    return el("p.note", "No single fact of the set says this; several together entail it.");
  }
  const box = el("div.about", el("p.note", "No fact says this. The set says:"));
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
    state.text = f.text;
    changed();
    close();
  }, "button.link");
  return el("div.source", triple, others);
}

// The premises of the gold answer, each with whether the thought states it.
function gold(i) {
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

// Candidates in the order of the thought; repeats and hits are marked by a sign and a colour.
function strip(i) {
  const all = candidates(i);
  if (all.length < 2) return null;
  const seen = new Set();
  let repeats = 0;
  let hit = -1;
  const chips = all.map(({ name, label }, at) => {
    const again = seen.has(name);
    seen.add(name);
    if (again) repeats++;
    if (label === "gold" && hit < 0) hit = at;
    return { name, label, again, at };
  });
  const words = [plural(all.length, "candidate"), plural(repeats, "repeat")];
  words.push(hit < 0 ? "no gold premise" : `first gold premise at ${hit + 1}`);
  return el(
    "div.enumeration",
    el("p.note", `In order: ${words.join(", ")}.`),
    some(el("ol.strip"), chips, ({ name, label, again, at }) => {
      const chip = el(`li.chip.${label || "unknown"}${again ? ".again" : ""}`);
      chip.title = [label, again && "named before", `place ${at + 1}`].filter(Boolean).join(", ");
      const sign = (MARKS[label] ?? "") + (again ? "↺" : "");
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
  box.append(verdict(i), badges(i), sentences(i));
  const enumeration = strip(i);
  if (enumeration) box.append(enumeration);
  box.append(written(i));
  return box;
}
