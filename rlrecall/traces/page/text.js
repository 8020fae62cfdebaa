// Builds elements and inserts text safely; no other file creates elements.
//
// Model output becomes text nodes, never markup. Characters that are invisible or reorder text are
// replaced by codes.

const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;
const SHOWN = 2000; // characters of a sentence before "show all"

function code(char) {
  return "⟨U+" + char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0") + "⟩";
}

function visible(text) {
  return text.replace(HIDDEN, code);
}

// The beginning of a name, for one line.
function short(text) {
  return visible(text.slice(0, 200));
}

// el("p.note", "text", node, ...): strings are inserted without codes, so they must not be a model's.
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

// Text from a record, isolated from the text direction around it. Codes are elements of their own,
// so a "⟨U+202E⟩" that a model really wrote looks different.
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
    node.append(visible(text)); // one text node: a million elements would freeze the page
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

// A completion as it was written. Line breaks break lines and are also shown as codes.
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

// Add the first `limit` items to a list and the others on demand, so that no trace floods the page.
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
