// Shows the open record: its question, its trace, and beside it the other model's answer or the
// other samples of its group.

const detail = document.getElementById("detail");
const MOST_LINKS = 20; // to the same question elsewhere, before "more"

function show() {
  if (current < 0) {
    detail.replaceChildren(el("p.empty", "No trace is open."));
    return;
  }
  const i = current;
  const members = groups[C.group[i]];
  const parts = [header(i), asking(i)];
  const pair = pairOf(i);
  if (pair) parts.push(sideBySide(pair));
  else if (members.length < 2) parts.push(trace(i));
  if (members.length > 1) parts.push(samples(i, members));
  parts.push(el("h3", "Gold premises"), goldPremises(i), elsewhere(i), furtherFields(i));
  detail.replaceChildren(...parts.filter(Boolean));
  detail.scrollTop = 0;
}

function header(i) {
  const link = attr(el("a.link", "link"), { href: hash(i), title: "link to this trace with these filters" });
  const step = C.step[i] ? `step ${count(C.step[i])}` : null;
  const where = [
    ...["set", "split", "kind", "arm", "mode"].map((field) => short(name(field, i))),
    step, `sample ${C.k[i]}`,
  ];
  where[0] = `set ${where[0]}`;
  return el(
    "header.top",
    button("← list", close, "button.back"),
    el("h2.question", foreign(string(question(i).text))),
    el("p.note", el("bdi", where.filter(Boolean).join(" · ")), " ", link),
    el("p.note.id", foreign(string(question(i).id))),
  );
}

function asking(i) {
  const q = question(i);
  const box = el("section.asked");
  const facts = context(i);
  if (facts) {
    const sentences = facts.split(".").length - 1;
    const details = el("details", el("summary", `${plural(sentences, "sentence")} in the prompt`));
    details.addEventListener("toggle", () => {
      if (details.children.length === 1) details.append(verbatim(facts));
    });
    box.append(details);
  }
  box.append(el("p.target", "Gold answer: ", el("b", foreign(string(q.gold)))));
  if (C.choice[i] >= 0) {
    box.append(el("p.note", "Most likely option: ", foreign(string(C.choice[i]))));
  }
  const options = el("details", el("summary.note", `${plural(q.options.length, "possible answer")}`));
  options.addEventListener("toggle", () => {
    if (options.children.length > 1) return;
    options.append(some(el("ul.options"), q.options, (o) => el("li", foreign(string(o), 200))));
  });
  box.append(options);
  return box;
}

function sideBySide(pair) {
  const { names } = comparison();
  const title = (r, model) => {
    const which = runsDiffer() ? D.runs[C.side[r]] : names[model];
    return [`${["before", "after"][model]}: `, el("bdi", short(which))];
  };
  return el("div.beside", pair.map((r, model) => trace(r, title(r, model))));
}

// The samples of one question, one per column.
function samples(i, members) {
  const spread = D.spread[C.group[i]];
  const words = [`${members.length} samples of this question`];
  if (C.step[i]) words.push(`at step ${count(C.step[i])}`);
  if (spread !== null) words.push(`reward spread ${decimal(spread)}`);
  const row = el("div.samples");
  const most = Math.max(...members.map((r) => Math.abs(C.advantage[r] ?? 0)), 1e-9);
  some(row, members, (r) => {
    const card = el("div.sample");
    if (r === i) card.classList.add("chosen");
    const heading = button(`sample ${C.k[r]}`, () => choose(r), "button.pick");
    if (r === i) attr(heading, { "aria-current": "true" });
    card.append(heading, rewards(r, most), trace(r));
    return card;
  }, 32);
  attr(row, { tabindex: "0", role: "group", "aria-label": words.join(", ") });
  requestAnimationFrame(() => {
    const chosen = row.querySelector(".chosen");
    if (chosen) row.scrollLeft = chosen.offsetLeft - row.offsetLeft - 8;
  });
  return el("section", el("h3", words.join(", ")), row);
}

function rewards(r, most) {
  const table = el("dl.rewards");
  const line = (term, value, kind = "") => {
    table.append(el(`dt${kind}`, short(term)), el(`dd${kind}`, value));
  };
  for (const [number, value] of D.rewards[C.rewards[r]]) line(string(number), decimal(value));
  if (C.reward[r] !== null) line("reward", decimal(C.reward[r]), ".sum");
  if (C.advantage[r] !== null) {
    const bar = el("span.bar", el(C.advantage[r] < 0 ? "i.minus" : "i.plus"));
    bar.firstChild.style.width = `${(50 * Math.abs(C.advantage[r])) / most}%`;
    line("advantage", [decimal(C.advantage[r]), bar], ".sum");
  }
  return table;
}

// Links to the other records of this question, one for each group: other arms, modes and RL steps.
function elsewhere(i) {
  const first = new Map();
  for (const r of recordsOf(C.question[i])) {
    if (C.group[r] !== C.group[i] && !first.has(C.group[r])) first.set(C.group[r], r);
  }
  if (!first.size) return null;
  const found = [...first.values()].sort((a, b) => C.step[a] - C.step[b]);
  const items = some(el("ul.elsewhere"), found, (r) => {
    const members = groups[C.group[r]];
    const right = members.filter((m) => C.correct[m]).length;
    const words = [runsDiffer() ? short(D.runs[C.side[r]]) : null,
      short(name("arm", r)), short(name("mode", r)), C.step[r] ? `step ${count(C.step[r])}` : null];
    const score = members.length > 1 ? `${right}/${members.length} right` : result(r);
    const label = `${words.filter(Boolean).join(" · ")}  ${score}`;
    return el("li", button(label, () => choose(r), "button.link"));
  }, MOST_LINKS);
  return el("section", el("h3", `This question elsewhere (${count(first.size)})`), items);
}

function furtherFields(i) {
  const list = el("dl.fact");
  const line = (term, value) => list.append(el("dt", term), el("dd", foreign(value)));
  line("prompt", string(D.prompts[C.prompt[i]][1]));
  line("run", name("run", i));
  line("stage", name("stage", i));
  line("family", name("family", i));
  line("group", string(question(i).group));
  line("chance", decimal(question(i).chance));
  line("sampling", string(C.sampling[i]));
  return el("details", el("summary.note", "more fields of this record"), list);
}
