// Starts the page, applies changes of the filters and handles keys.

// Select and show what the state now says.
function changed() {
  const begun = performance.now();
  selected = { ...select(), number: (selected.number ?? 0) + 1 };
  setColumns();
  center();
  $("empty").hidden = selected.rows.length > 0;
  draw();
  showState();
  remember();
  document.documentElement.dataset.filtered = (performance.now() - begun).toFixed(1);
}

// Scroll to the row of the open record, or to the top if it has none.
function center() {
  place = current < 0 ? -1 : selected.rows.indexOf(current);
  list.scrollTop = Math.max(0, (place - 3) * rowHeight());
}

// On a narrow screen a trace covers the list; the page's and the browser's back button uncover it.
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
  history.replaceState(event.state, "", hash(current)); // keep the present filters
  uncover();
}

const narrow = matchMedia("(max-width: 62rem)");
const KEYS = {
  j: () => move(1), ArrowDown: () => move(1), k: () => move(-1), ArrowUp: () => move(-1),
  PageDown: () => move(page()), PageUp: () => move(-page()),
  Home: () => move(-Infinity), End: () => move(Infinity),
  ArrowRight: () => sibling(1), ArrowLeft: () => sibling(-1),
  Enter: () => (current < 0 ? move(0) : open()),
  "/": () => $("text").select(), "?": showHelp, Escape: () => close(),
  1: () => pickChange(0), 2: () => pickChange(1), 3: () => pickChange(2), 4: () => pickChange(3),
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
    await loadRecords();
  } catch (error) {
    const cause = typeof DecompressionStream === "undefined" ? "this browser is too old" : error;
    $("loading").textContent = `The traces could not be unpacked: ${cause}.`;
    return;
  }
  $("loading").remove();
  setUpList();
  setUpControls();
  history.replaceState({ list: true }, "");
  followLink();
  addEventListener("keydown", pressed);
  addEventListener("popstate", travelled);
  addEventListener("hashchange", () => {
    if (location.hash !== hash(current)) followLink();
  });
  requestAnimationFrame(() => setTimeout(() => {
    document.documentElement.dataset.ready = performance.now().toFixed(0);
    lowerStringsLater();
  }));
}

begin();
