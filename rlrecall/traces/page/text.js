// The one door through which text gets into the page. Nothing here reads markup: whatever a model
// wrote becomes text nodes, and what shows nothing or reorders its neighbours is spelled out.

const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;
const SHOWN = 2000; // characters of a sentence before "show all"

function code(char) {
  return "⟨U+" + char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0") + "⟩";
}

function visible(text) {
  return text.replace(HIDDEN, code);
}

// For names, where one line has to do.
function short(text) {
  return visible(text.slice(0, 200));
}

// el("p.note", "text", node, ...): strings go in as they are, so they are ours, never a model's.
function el(kind, ...children) {
  const [tag, ...classes] = kind.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
  return node;
}

function attr(node, values) {
  for (const [name, value] of Object.entries(values)) node.setAttribute(name, value);
  return node;
}

function button(label, action, kind = "button") {
  const node = attr(el(kind, label), { type: "button" });
  node.addEventListener("click", action);
  return node;
}

// Text of a model, or of anyone else: kept apart from the direction of what stands around it.
// Escapes are elements of their own, so that "⟨U+202E⟩" that was really written looks different.
function foreign(text, limit = SHOWN) {
  const node = el("bdi");
  fill(node, text.length > limit ? text.slice(0, limit) : text);
  if (text.length > limit) {
    const all = button(`… show all ${count(text.length)} characters`, (event) => {
      event.preventDefault();
      node.replaceChildren();
      fill(node, text);
    }, "button.more");
    node.append(all);
  }
  return node;
}

function fill(node, text) {
  if (text.length > 20000) {
    node.append(visible(text)); // one text node: a million elements would take the page down
    return;
  }
  let end = 0;
  for (const match of text.matchAll(HIDDEN)) {
    if (match.index > end) node.append(text.slice(end, match.index));
    node.append(el("span.escape", code(match[0])));
    end = match.index + match[0].length;
  }
  node.append(text.slice(end));
}

// A completion as it was written: its line breaks break lines, and are named all the same.
function verbatim(text) {
  const node = el("pre.verbatim");
  const limit = 10 * SHOWN;
  const put = (part) => {
    part.split("\n").forEach((line, i) => {
      if (i) node.append(el("span.escape", code("\n")), "\n");
      fill(node, line);
    });
  };
  put(text.slice(0, limit));
  if (text.length > limit) {
    node.append(
      button(`… show all ${count(text.length)} characters`, () => {
        node.replaceChildren(visible(text));
      }, "button.more"),
    );
  }
  return node;
}

// The first `limit` of many nodes, the others on demand, so that no trace can flood the page.
function some(list, items, make, limit = 200) {
  for (const item of items.slice(0, limit)) list.append(make(item));
  if (items.length > limit) {
    const more = el("li.rest");
    more.append(
      button(`… ${count(items.length - limit)} more`, () => {
        more.remove();
        some(list, items.slice(limit), make, 10 * limit);
      }, "button.more"),
    );
    list.append(more);
  }
  return list;
}

function count(number) {
  return number.toLocaleString("en-US");
}

function decimal(number) {
  return number === null ? "–" : String(Math.round(number * 1000) / 1000).replace("-", "−");
}

function plural(number, word) {
  return `${count(number)} ${word}${number === 1 ? "" : "s"}`;
}
