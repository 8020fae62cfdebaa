// The list: as many rows as fit on the screen, out of any number.

const list = document.getElementById("list");
const head = document.getElementById("head");
const body = document.getElementById("body");
let selected = { rows: new Uint32Array(0), found: 0 }; // what filter.js selected
let current = -1; // the record that is shown, or -1
let place = -1; // its row
let drawn = "";

const VERDICTS = { recalled: "✓ recalled", lucky: "✓ lucky", misused: "✗ misused", neither: "✗" };
// [field, heading, width in rem (0: as its names need), text of a record, whether it is a number]
const COLUMNS = [
  ["run", "run", 3.4, (i) => (C.side[i] ? "after" : "before"), false],
  ["set", "set", 0, (i) => name("set", i), false],
  ["split", "split", 0, (i) => name("split", i), false],
  ["kind", "kind", 0, (i) => name("kind", i), false],
  ["arm", "arm", 0, (i) => name("arm", i), false],
  ["mode", "mode", 0, (i) => name("mode", i), false],
  ["step", "step", 2.6, (i) => count(C.step[i]), true],
  ["correct", "correct", 5.4, (i) => VERDICTS[outcome(i)], false],
  ["change", "change", 3.8, change, false],
  ["gold", "prem.", 2.7, (i) => premises(i).join("/"), true],
  ["false", "halluc.", 3.2, (i) => (C.false[i] ? `✗ ${count(C.false[i])}` : "0"), true],
  ["tokens", "tokens", 3.2, (i) => count(C.tokens[i]), true],
  ["reward", "reward", 3.4, (i) => (C.reward[i] === null ? "" : decimal(C.reward[i])), true],
  ["spread", "spread", 3.4, spread, true],
  ["asked", "question", 17, (i) => string(D.asked[C.asked[i]][1]), false],
  ["answer", "answer", 7, (i) => (C.answer[i] < 0 ? "(none)" : string(C.answer[i])), false],
  ["target", "target", 7, (i) => string(question(i).gold), false],
];
const TITLES = {
  change: "right before, right after",
  gold: "premises of the gold answer that the thought states",
  false: "distinct sentences that claim what the set does not support",
  spread: "standard deviation of the rewards of the group's samples",
};
let columns = COLUMNS;

function change(i) {
  const partner = C.partner[i];
  if (partner < 0) return "";
  const [before, after] = C.side[i] ? [partner, i] : [i, partner];
  return `${C.correct[before] ? "✓" : "✗"} → ${C.correct[after] ? "✓" : "✗"}`;
}

function spread(i) {
  const value = D.spread[C.group[i]];
  return value === null ? "" : decimal(value);
}

function setUpList() {
  list.addEventListener("scroll", () => requestAnimationFrame(draw));
  new ResizeObserver(draw).observe(list);
}

// Columns that tell nothing about the present selection leave their room to the others.
function setColumns() {
  const without = new Set();
  if (D.runs.length < 2) without.add("change");
  if (D.runs.length < 2 || state.run) without.add("run");
  if (D.names.arm.length < 2) without.add("arm");
  const rewarded = state.step !== "" || ["reward", "spread", "step"].includes(state.sort);
  if (!rewarded || state.run === "pairs") without.add("reward").add("spread");
  const wanted = COLUMNS.filter(([field]) => !without.has(field));
  if (head.children.length && wanted.join() === columns.join()) return;
  columns = wanted;
  const widths = columns.map(([field, heading, width]) => width || nameWidth(field, heading));
  list.style.setProperty("--columns", widths.map((width) => `${width}rem`).join(" "));
  head.replaceChildren(
    ...columns.map(([field, heading, , , number]) => {
      const cell = attr(el(number ? "div.number" : "div"), { role: "columnheader" });
      cell.dataset.field = field;
      cell.append(field in SORTS ? button(heading, () => sortBy(field), "button.sort") : heading);
      if (TITLES[field]) cell.title = TITLES[field];
      return cell;
    }),
  );
  attr(list, { "aria-colcount": columns.length });
}

function nameWidth(field, heading) {
  const longest = Math.max(heading.length, ...D.names[field].map((value) => value.length));
  return 0.6 + 0.46 * Math.min(longest, 14);
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
  const node = attr(el(`div.row.${outcome(i)}`), { role: "row", "aria-rowindex": at + 2 });
  node.style.transform = `translateY(${at * height}px)`;
  if (i === current) {
    node.id = "current";
    attr(node, { "aria-selected": "true" });
  }
  for (const [field, , , text, number] of columns) {
    const cell = attr(el("div", el("bdi", short(text(i)))), { role: "gridcell" });
    cell.className = number ? `cell number ${field}` : `cell ${field}`;
    if (field === "false" && C.false[i]) cell.classList.add("some");
    if (field === "tokens" && flagged(i, "truncated")) {
      cell.classList.add("cut");
      cell.title = "cut off";
    }
    node.append(cell);
  }
  node.addEventListener("click", () => {
    choose(i, at);
    open();
  });
  return node;
}

// Make record i the current one, and show its row if it has one; moving goes on from the last row.
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
  if (state.sort === field) state.down = state.down ? "" : "1";
  else [state.sort, state.down] = [field, ["spread", "reward", "false"].includes(field) ? "1" : ""];
  changed();
}

function page() {
  return Math.max(1, Math.floor(list.clientHeight / rowHeight()) - 2);
}
