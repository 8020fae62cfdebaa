// Links, keys, and how it begins.

// "#q=..." names a record, the other parts are the filters that differ from the usual.
function hash(i) {
  const parts = new URLSearchParams();
  if (i >= 0) {
    parts.set("q", string(question(i).id));
    parts.set("at", address(i).join("~"));
  }
  const usual = defaults();
  for (const key of Object.keys(PLAIN)) if (state[key] !== usual[key]) parts.set(key, state[key]);
  return `#${parts}`;
}

let remembering = 0;

// Later, and once: a key that is held down would write more often than a browser allows.
function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(() => history.replaceState(history.state, "", hash(current)), 150);
}

function follow() {
  const parts = new URLSearchParams(location.hash.slice(1));
  Object.assign(state, defaults());
  for (const key of Object.keys(PLAIN)) if (parts.has(key)) state[key] = parts.get(key);
  for (const key of ["seed", "draw"]) if (!/^\d{1,9}$/.test(state[key])) state[key] = PLAIN[key];
  if (!Object.hasOwn(SORTS, state.sort)) state.sort = "";
  current = parts.has("q") ? find(parts.get("q"), (parts.get("at") ?? "").split("~")) : -1;
  changed();
  if (current >= 0) {
    choose(current);
    open();
  } else {
    show();
  }
}

// The state is another: select, and show it.
function changed() {
  const begun = performance.now();
  selected = { ...select(), number: (selected.number ?? 0) + 1 };
  setColumns();
  list.scrollTop = 0;
  place = current < 0 ? -1 : selected.rows.indexOf(current);
  if (place >= 0) list.scrollTop = Math.max(0, (place - 3) * rowHeight());
  $("empty").hidden = selected.rows.length > 0;
  draw();
  reflect();
  remember();
  document.documentElement.dataset.filtered = (performance.now() - begun).toFixed(1);
}

// On a small screen a trace covers the list; going back, by whatever button, uncovers it.
function open() {
  if (narrow.matches && !document.body.classList.contains("reading")) {
    history.pushState({ reading: true }, "");
  }
  document.body.classList.add("reading");
  if (narrow.matches) detail.focus();
}

function close() {
  if (history.state?.reading) history.back();
  else uncover();
}

function uncover() {
  document.body.classList.remove("reading");
  list.focus();
}

function travelled(event) {
  if (event.state?.reading) document.body.classList.add("reading");
  if (!event.state?.list) return;
  history.replaceState(event.state, "", hash(current)); // the filters stay as they are by now
  uncover();
}

const narrow = matchMedia("(max-width: 62rem)");
const KEYS = {
  j: () => move(1), ArrowDown: () => move(1), k: () => move(-1), ArrowUp: () => move(-1),
  PageDown: () => move(page()), PageUp: () => move(-page()),
  Home: () => move(-Infinity), End: () => move(Infinity),
  ArrowRight: () => sibling(1), ArrowLeft: () => sibling(-1),
  Enter: () => (current < 0 ? move(0) : open()),
  "/": () => $("text").select(), "?": () => $("help").showModal(), Escape: () => close(),
  "[": () => goToStep(Number($("step").value) - 1), "]": () => goToStep(Number($("step").value) + 1),
};

function sibling(by) {
  if (current < 0) return;
  const members = groups[C.group[current]];
  const next = members[members.indexOf(current) + by];
  if (next !== undefined) choose(next);
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
  const inField = event.target.closest("input, select");
  if (inField) {
    if (event.key === "Escape" || (event.key === "Enter" && inField.id === "text")) list.focus();
    return;
  }
  if (event.key === "Enter" && event.target.closest("button, summary, a")) return;
  const scrolls = ["ArrowLeft", "ArrowRight"].includes(event.key) && event.target.closest(".samples");
  const action = KEYS[event.key];
  if (!action || scrolls) return;
  event.preventDefault();
  action();
}

async function begin() {
  try {
    await load();
  } catch (error) {
    const old = typeof DecompressionStream === "undefined" ? "this browser is too old" : String(error);
    $("loading").textContent = `The traces could not be unpacked: ${old}.`;
    return;
  }
  $("loading").remove();
  setUpList();
  setUpControls();
  history.replaceState({ list: true }, "");
  follow();
  addEventListener("keydown", pressed);
  addEventListener("popstate", travelled);
  addEventListener("hashchange", () => {
    if (location.hash !== hash(current)) follow();
  });
  requestAnimationFrame(() => setTimeout(() => {
    document.documentElement.dataset.ready = performance.now().toFixed(0);
    prepareLater();
  }));
}

begin();
