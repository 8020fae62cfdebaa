// Draws the list of selected records; only the rows on the screen exist as elements.

const list = document.getElementById("list");
const head = document.getElementById("head");
const body = document.getElementById("body");
let selected = { rows: new Uint32Array(0), found: 0 }; // what select() in filter.js returned
let current = -1; // the record that is open, or -1
let place = -1; // its row
let drawn = ""; // what the rows on the screen were drawn for

const NO_ANSWER = "(none)";
// width: in rem; 0 means as wide as the names need. grows: share of the room left over. part: what
// shares a line of the row on a narrow screen. title: explains the heading.
const COLUMNS = [
  { field: "correct", heading: "result", width: 5.6, text: rowResult, part: "answers" },
  { field: "asked", heading: "question", width: 16.5, grows: 3, text: (i) => string(question(i).text) },
  { field: "before", heading: "answer before", width: 5.8, grows: 1, text: answerBefore, part: "answers" },
  { field: "answer", heading: "answer", width: 5.2, grows: 1, text: (i) => answer(i) ?? NO_ANSWER, part: "answers" },
  { field: "gold", heading: "gold answer", width: 5.2, grows: 1, text: (i) => string(question(i).gold), part: "answers" },
  ...["run", "arm", "set", "kind", "split", "mode"].map((field) => (
    { field, heading: field, width: 0, text: (i) => name(field, i), part: "meta" }
  )),
  { field: "step", heading: "step", width: 2.6, text: (i) => count(C.step[i]), part: "meta" },
  {
    field: "premises", heading: "premises", width: 4, text: (i) => premises(i).join("/"), part: "meta",
    title: "gold premises that the thought states, of those that the question needs",
  },
  {
    field: "false", heading: "false", width: 2.8, text: (i) => (C.false[i] ? `✗ ${count(C.false[i])}` : "0"),
    part: "meta", title: "distinct false sentences in the thought",
  },
  { field: "tokens", heading: "tokens", width: 3.2, text: (i) => count(C.tokens[i]), part: "meta" },
  {
    field: "reward", heading: "reward", width: 3.4, part: "meta",
    text: (i) => (C.reward[i] === null ? "" : decimal(C.reward[i])),
  },
  {
    field: "spread", heading: "spread", width: 3.4, text: spread, part: "meta",
    title: "standard deviation of the rewards of the group's samples",
  },
];
const NUMERIC = new Set(["step", "premises", "false", "tokens", "reward", "spread"]);
const GAP = 0.7; // rem between two columns
let columns = COLUMNS;

function sign(i) {
  return C.correct[i] ? "✓" : "✗";
}

function result(i) {
  return `${sign(i)} ${outcome(i)}`;
}

// The result of a row; of a pair also that before.
function rowResult(i) {
  const pair = pairOf(i);
  return pair ? `${sign(pair[0])} → ${result(i)}` : result(i);
}

function answerBefore(i) {
  const pair = pairOf(i);
  return pair ? (answer(pair[0]) ?? NO_ANSWER) : "";
}

function spread(i) {
  const value = D.spread[C.group[i]];
  return value === null ? "" : decimal(value);
}

function setUpList() {
  list.addEventListener("scroll", () => requestAnimationFrame(draw));
  new ResizeObserver(draw).observe(list);
}

// Hide columns that say the same for all selected records or do not apply to them.
function setColumns() {
  const hidden = new Set(["step", "reward", "spread"]);
  for (const field of SELECTS) {
    if (state[field] || D.names[field].length < 2) hidden.add(field);
  }
  if (comparison()) hidden.add("arm").add("run");
  else hidden.add("before");
  if (!runsDiffer()) hidden.add("run");
  const trained = state.step !== "" || ["reward", "spread", "step"].includes(state.sort);
  if (trained) ["reward", "spread", "step"].forEach((field) => hidden.delete(field));
  const wanted = COLUMNS.filter(({ field }) => !hidden.has(field));
  if (head.children.length && wanted.length === columns.length && wanted.every((c, at) => c === columns[at])) return;
  columns = wanted;
  const widths = columns.map(({ field, heading, width }) => width || nameWidth(field, heading));
  if (comparison()) widths[0] += 1.8;
  const tracks = columns.map(({ grows }, at) =>
    grows ? `minmax(${widths[at]}rem, ${grows}fr)` : `${widths[at]}rem`,
  );
  const least = widths.reduce((sum, width) => sum + width + GAP, 2.2);
  list.style.setProperty("--columns", tracks.join(" "));
  list.style.setProperty("--gap", `${GAP}rem`);
  list.style.setProperty("--least", `${least}rem`);
  head.replaceChildren(
    ...columns.map(({ field, heading, title }) => {
      const cell = attr(el(NUMERIC.has(field) ? "div.number" : "div"), { role: "columnheader" });
      cell.dataset.field = field;
      cell.append(field in SORTS ? button(heading, () => sortBy(field), "button.sort") : heading);
      if (title) cell.title = title;
      return cell;
    }),
  );
  attr(list, { "aria-colcount": columns.length });
}

function nameWidth(field, heading) {
  const longest = Math.max(heading.length, ...D.names[field].map((value) => value.length));
  return 0.4 + 0.46 * Math.min(longest, 14);
}

function rowHeight() {
  return parseFloat(getComputedStyle(list).getPropertyValue("--row")) * rem();
}

function rem() {
  return parseFloat(getComputedStyle(document.documentElement).fontSize);
}

function draw() {
  const height = rowHeight();
  const rows = selected.rows;
  const space = list.clientHeight;
  const first = Math.max(0, Math.floor(list.scrollTop / height) - 4);
  const last = Math.min(rows.length, first + Math.ceil(space / height) + 10);
  const now = [first, last, height, current, selected.number].join();
  if (now === drawn) return;
  drawn = now;
  body.style.height = `${rows.length * height}px`;
  const shown = [];
  for (let at = first; at < last; at++) shown.push(row(rows[at], at, height));
  body.replaceChildren(...shown);
  attr(list, { "aria-rowcount": rows.length + 1 });
  if (document.getElementById("current")) attr(list, { "aria-activedescendant": "current" });
  else list.removeAttribute("aria-activedescendant");
}

function row(i, at, height) {
  const node = attr(el(`div.row.${outcome(i)}.${C.correct[i] ? "right" : "wrong"}`), { role: "row", "aria-rowindex": at + 2 });
  node.style.transform = `translateY(${at * height}px)`;
  if (i === current) {
    node.id = "current";
    attr(node, { "aria-selected": "true" });
  }
  const parts = {};
  for (const part of ["answers", "meta"]) parts[part] = attr(el(`div.${part}`), { role: "presentation" });
  for (const { field, part, text } of columns) {
    const shown = short(text(i));
    const cell = attr(el("div", el("bdi", shown)), { role: "gridcell" });
    cell.className = NUMERIC.has(field) ? `cell number ${field}` : `cell ${field}`;
    if (part !== "meta") cell.title = shown;
    if (field === "false" && C.false[i]) cell.classList.add("some");
    if (field === "tokens" && flagged(i, "truncated")) {
      cell.classList.add("cut");
      cell.title = "cut off by the token budget";
    }
    (parts[part] ?? node).append(cell);
  }
  node.append(parts.answers, parts.meta);
  node.addEventListener("click", () => {
    choose(i, at);
    open();
  });
  return node;
}

// Open record i and scroll to its row, if it has one; j and k go on from the last row.
function choose(i, at = selected.rows.indexOf(i)) {
  current = i;
  if (at >= 0) {
    place = at;
    const height = rowHeight();
    const top = at * height;
    const room = list.clientHeight - head.offsetHeight;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + height > list.scrollTop + room) list.scrollTop = top + height - room;
  }
  draw();
  show();
  remember();
}

function move(by) {
  const rows = selected.rows;
  if (!rows.length) return;
  const to = Math.max(0, Math.min(rows.length - 1, place + by));
  choose(rows[to], to);
}

function sortBy(field) {
  if (state.sort === field) set({ down: state.down ? "" : "1" });
  else set({ sort: field, down: ["spread", "reward", "false"].includes(field) ? "1" : "" });
}

function page() {
  return Math.max(1, Math.floor(list.clientHeight / rowHeight()) - 2);
}
