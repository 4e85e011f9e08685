// The page's numbers follow its controls. Nothing is parsed, and all text stays text.

const rows = [...document.querySelectorAll("#tree tbody tr")];
const levels = rows.map((row) => Number(row.dataset.level));
const parents = levels.map((level, i) => levels.findLastIndex((l, j) => j < i && l < level));
const below = Map.groupBy(rows.keys(), (i) => parents[i]);
const holds = rows.map((_, i) => levels[i + 1] > levels[i]);
const boxes = [...document.querySelectorAll("#figure [data-row]")];
const shapes = [...document.querySelectorAll("#figure [data-shape]")];
const controls = [...document.querySelectorAll("#controls [name]")];
const initial = Object.fromEntries(controls.map((one) => [one.name, one.value]));
const view = { open: new Set(), selected: -1, column: -1, down: true };
let shown = {};  // what the last change found: sums, totals, what was asked

// Showing --------------------------------------------------------------------------------------

/** A new element with text in it. */
function made(name, text) {
  const one = document.createElement(name);
  one.textContent = text;
  return one;
}

/** Take the controls as they stand and write every number anew. */
function change() {
  limitChoices();
  const request = asked();
  const at = request.sizes.includes(null) ? null : evaluator(request.sizes);
  const wrong = refusal(request, at);
  for (const one of controls)
    if (one.id.startsWith("size-")) one.setAttribute("aria-invalid", size(one.value) === null);
  element("wrong").textContent = wrong;
  document.documentElement.classList.toggle("stale", wrong !== "");
  if (!wrong) {
    const sums = data.sums.map((_, one) => at(one));
    shown = { ...request, sums, ...memory(request, at) };
    writeTotals();
    writeRows();
    writeLesson();
    for (const one of shapes)
      one.textContent = shape(one.dataset.shape.split(" "), sums);
  }
}

/** Autocast is for float32, and all of training's choices are for training. */
function limitChoices() {
  if (!data.trained) return;
  const amp = element("amp"), trains = element("train").value !== "";
  const isSingle = (element("dtype")?.value ?? data.dtype) === "float32";
  amp.disabled = !trains || !isSingle;
  element("checkpoint").disabled = !trains;
  if (!isSingle) amp.value = "";
}

function writeTotal(id, value, write) {
  const [short, exact] = element(id).children;
  short.textContent = value === null ? "not known" : write(value);
  exact.textContent = value === null ? "" : grouped(value);
}

function writeTotals() {
  const { sums, way, update, peak, needs, value } = shown;
  const of = (name) => (name in data.totals ? sums[data.totals[name]] : null);
  writeTotal("params", of("params"), counts);
  writeTotal("macs", of("macs"), counts);
  writeTotal("activations", of("activation_bytes"), bytes);
  writeTotal("peak", peak, bytes);
  const sure = data.trained?.bound ? ", at most" : data.trained?.ways[way].exact ? "" : ", not proved";
  element("peak-name").textContent = update ? `Peak of a training step${sure}` : "Peak of a pass";
  for (const one of document.querySelectorAll(".training")) one.hidden = !update;
  element("tree").classList.toggle("train", Boolean(update));
  if (update) {
    const { saved_bytes, flops } = data.trained.ways[way];
    writeTotal("saved", sums[saved_bytes], bytes);
    writeTotal("flops", flops === null ? null : sums[flops], counts);
  }
  if (data.input.length) element("input").textContent = shape(data.input, sums);
  element("dtype-said").textContent = value.dtype ?? data.dtype;
  writeFit(needs);
}

function writeFit(needs) {
  const text = shown.value.gib.trim(), said = element("fit");
  const [whole, part = ""] = /^\d{1,6}(\.\d{1,12})?$/.test(text) ? text.split(".") : [""];
  const [short, exact] = said.children;
  element("fit-name").textContent = `Largest batch in ${whole ? text : "…"} GiB`;
  short.textContent = !whole ? "—" : needs === null ? "not known" : "";
  exact.textContent = whole ? "" : "give gibibytes, as in 24";
  if (short.textContent) return;
  const room = (BigInt(whole + part.padEnd(12, "0")) << 30n) / 10n ** 12n, most = batch(shown, room);
  const fits = needs <= room ? "fits" : "does not fit";
  short.textContent = most === null ? fits : grouped(most);
  exact.textContent = `this one needs ${bytes(needs)}` + (most === null ? "" : ` and ${fits}`);
}

function writeRows() {
  const { sums, way } = shown;
  const sides = data.input.slice(2).map((one) => sums[one]);
  rows.forEach((row, i) => {
    const { out, params, macs, memory, saved, field } = data.rows[i];
    if (out) row.cells[2].textContent = shape(out, sums);
    writeCell(row.cells[3], params, "params");
    writeCell(row.cells[4], macs, "macs");
    writeCell(row.cells[5], memory, "activation_bytes");
    if (saved) writeCell(row.cells[6], saved[way], "saved");
    if (field !== null)
      row.cells[7].textContent = grouped(field) + (sides.some((one) => one < field) ? "*" : "");
  });
  arrange();
}

/** Write a number and the length of its bar, its share of the network's. */
function writeCell(cell, sum, name) {
  if (sum === null) return;
  const { sums, way } = shown;
  const total = name === "saved"
    ? sums[data.trained.ways[way].saved_bytes] : sums[data.totals[name]];
  cell.textContent = grouped(sums[sum]);
  const share = total > 0n ? Number((sums[sum] * 1000n) / total) / 1000 : 0;
  cell.style.setProperty("--share", share);
}

/** Write the arithmetic of the selected layer. */
function writeLesson() {
  const place = element("lesson"), row = rows[view.selected];
  place.hidden = !row;
  if (!row) return;
  const { sums } = shown, [text, quantities] = data.lessons[data.rows[view.selected].lesson];
  const fill = (parts) => parts.map((p) => (typeof p === "string" ? p : sums[p])).join("");
  const times = Number(row.dataset.times);
  element("layer").textContent = row.dataset.path;
  element("says").textContent = fill(text);
  element("times").textContent = times > 1 ? `${times} alike; this is the last of them` : "";
  const list = element("quantities");
  list.replaceChildren(...quantities.flatMap(([name, formula, value]) => {
    const numbers = value === null ? "global"
      : Array.isArray(value) ? shape(value, sums) : grouped(sums[value]);
    const steps = made("dd", formula.length ? `${fill(formula)} = ` : "");
    steps.append(made("b", numbers));
    return [made("dt", name), steps];
  }));
}

// The tree -------------------------------------------------------------------------------------

/** Show the rows that are open, match what is sought, and stand in order. */
function arrange() {
  const words = element("search").value.trim().toLowerCase();
  const found = rows.map((row) => !words || row.dataset.words.includes(words));
  const near = [...found];  // with those around what was found
  for (let i = rows.length - 1; i >= 0; i--) if (near[i] && parents[i] >= 0) near[parents[i]] = true;
  const isOpen = (i) => (words ? near[i] : view.open.has(rows[i].dataset.path));
  const visible = rows.map(() => false);
  rows.forEach((row, i) => {
    visible[i] = near[i] && (parents[i] < 0 || (visible[parents[i]] && isOpen(parents[i])));
    row.hidden = !visible[i];
    if (holds[i]) row.setAttribute("aria-expanded", isOpen(i));
    row.setAttribute("aria-selected", i === view.selected);
    row.tabIndex = -1;
  });
  const first = visible[view.selected] ? view.selected : visible.indexOf(true);
  if (first >= 0) rows[first].tabIndex = 0;
  element("found").textContent = words ? `${found.filter(Boolean).length} found` : "";
  const marked = new Set(boxesOf(view.selected));
  for (const box of boxes) box.classList.toggle("selected", marked.has(box));
  sortRows();
}

/** The boxes of a row and those below it, or else the box of the nearest row around it. */
function boxesOf(selected) {
  const isAround = (i, row) => i >= 0 && (i === row || isAround(parents[i], row));
  if (selected < 0) return [];
  const inside = boxes.filter((box) => isAround(Number(box.dataset.row), selected));
  for (let up = parents[selected]; !inside.length && up >= 0; up = parents[up])
    inside.push(...boxes.filter((box) => Number(box.dataset.row) === up));
  return inside;
}

const order = new Intl.Collator("en", { numeric: true }).compare;
const KEYS = [, , "out", "params", "macs", "memory", "saved", "field"];

/** Put siblings in the order of a column, or back in the order of execution. */
function sortRows() {
  const key = (i) => {
    const of = data.rows[i], { sums, way } = shown;
    if (view.column < 2) return view.column ? rows[i].cells[1].textContent : rows[i].dataset.path;
    if (view.column === 2) return of.out ? of.out.reduce((p, one) => p * sums[one], 1n) : -1n;
    if (view.column === 7) return of.field ?? -1;
    const one = view.column === 6 ? of.saved?.[way] : of[KEYS[view.column]];
    return one == null ? -1n : sums[one];
  };
  const keys = view.column < 0 ? [] : rows.map((_, i) => key(i)), turn = view.down ? -1 : 1;
  const compare = (i, j) => turn * (view.column < 2
    ? order(keys[i], keys[j]) : Number(keys[i] > keys[j]) - Number(keys[i] < keys[j]));
  const inOrder = (all) => (view.column < 0 ? all : all.toSorted(compare));
  const sorted = [];
  const visit = (i) => {
    if (i >= 0) sorted.push(rows[i]);
    inOrder(below.get(i) ?? []).forEach(visit);
  };
  visit(-1);
  const body = element("tree").tBodies[0];
  if (sorted.some((row, i) => body.rows[i] !== row)) body.append(...sorted);
  [...element("tree").tHead.rows[0].cells].forEach((head, i) => head.setAttribute("aria-sort",
    i !== view.column ? "none" : view.down ? "descending" : "ascending"));
}

/** Bring the selected box into sight. */
function follow() {
  const box = boxes.find((one) => one.classList.contains("selected")), pane = element("figure");
  if (!box) return;
  const at = box.getBoundingClientRect(), within = pane.getBoundingClientRect();
  if (at.top < within.top || at.bottom > within.bottom)
    pane.scrollTop += at.top - within.top - within.height / 3;
}

function select(i, { focus = false, scroll = false } = {}) {
  view.selected = i;
  for (let up = parents[i] ?? -1; up >= 0; up = parents[up]) view.open.add(rows[up].dataset.path);
  arrange();
  if (rows[i]?.hidden) {  // a search keeps it out of sight
    element("search").value = "";
    arrange();
  }
  writeLesson();
  if (focus) rows[i].focus();
  if (scroll) rows[i].scrollIntoView({ block: "nearest" });
  else follow();
  remember();
}

function toggle(i, open = !view.open.has(rows[i].dataset.path)) {
  if (!holds[i]) return;
  view.open[open ? "add" : "delete"](rows[i].dataset.path);
  arrange();
  remember();
}

/** Move through the tree as treegrids do. */
function key(event) {
  const i = rows.indexOf(event.target.closest("tr"));
  if (i < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  const visible = [...element("tree").tBodies[0].rows].filter((row) => !row.hidden);
  const place = visible.indexOf(rows[i]), isOpen = rows[i].getAttribute("aria-expanded") === "true";
  const to = (row) => row && select(rows.indexOf(row), { focus: true });
  const moves = {
    ArrowDown: () => to(visible[place + 1]),
    ArrowUp: () => to(visible[place - 1]),
    Home: () => to(visible[0]),
    End: () => to(visible.at(-1)),
    ArrowRight: () => (holds[i] && !isOpen ? toggle(i, true) : holds[i] && to(visible[place + 1])),
    ArrowLeft: () => (isOpen ? toggle(i, false) : parents[i] >= 0 && to(rows[parents[i]])),
    Enter: () => { select(i, { focus: true }); toggle(i); },
    " ": () => select(i, { focus: true }),
  };
  if (moves[event.key]) {
    event.preventDefault();
    moves[event.key]();
  }
}

// The address ----------------------------------------------------------------------------------

/** Keep in the address what differs from the page as it was written. */
function remember() {
  const state = new URLSearchParams();
  for (const one of controls) if (one.value !== initial[one.name]) state.set(one.name, one.value);
  if (element("search").value) state.set("find-layers", element("search").value);
  for (const path of view.open) state.append("open-row", path);
  if (view.selected >= 0) state.set("show-layer", rows[view.selected].dataset.path);
  if (view.column >= 0) state.set("sort-by", `${view.column}${view.down ? "" : "up"}`);
  const hash = state.toString();
  if (hash !== location.hash.slice(1))
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
}

/** Show what the address says. */
function recall() {
  const state = new URLSearchParams(location.hash.slice(1));
  for (const one of controls) {
    const value = state.get(one.name) ?? initial[one.name];
    if (one.tagName !== "SELECT" || [...one.options].some((o) => o.value === value))
      one.value = value;
  }
  element("search").value = state.get("find-layers") ?? "";
  view.open = new Set(state.getAll("open-row"));
  view.selected = rows.findIndex((row) => row.dataset.path === state.get("show-layer"));
  const [, column, up] = /^([0-7])(up)?$/.exec(state.get("sort-by")) ?? [, -1];
  Object.assign(view, { column: Number(column), down: !up });
  change();
  follow();
}

// Listening ------------------------------------------------------------------------------------

function listen() {
  element("controls").addEventListener("input", () => { change(); remember(); });
  element("controls").addEventListener("submit", (event) => event.preventDefault());
  element("search").addEventListener("input", () => { arrange(); remember(); });
  const body = element("tree").tBodies[0];
  body.addEventListener("click", (event) => {
    const i = rows.indexOf(event.target.closest("tr"));
    if (i < 0) return;
    if (event.target.closest(".twist")) toggle(i);
    else select(i, { focus: true });
  });
  body.addEventListener("dblclick", (event) => toggle(rows.indexOf(event.target.closest("tr"))));
  body.addEventListener("keydown", key);
  [...element("tree").tHead.rows[0].cells].forEach((head, column) =>
    head.firstElementChild.addEventListener("click", () => {
      const isText = column < 2, same = view.column === column;
      if (!same) Object.assign(view, { column, down: !isText });
      else if (view.down === isText) view.column = -1;
      else view.down = isText;
      arrange();
      remember();
    }));
  for (const box of boxes)
    box.addEventListener("click", () => select(Number(box.dataset.row), { scroll: true }));
  element("close").addEventListener("click", () => {
    const row = rows[view.selected];
    select(-1);
    row.focus();
  });
  element("all").addEventListener("click", () => {
    const every = rows.filter((_, i) => holds[i]).map((row) => row.dataset.path);
    view.open = new Set(view.open.size < every.length ? every : []);
    arrange();
    remember();
  });
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input, select");
    if (event.key === "/" && !isTyping) {
      event.preventDefault();
      element("search").focus();
    } else if (event.key === "Escape" && event.target === element("search")) {
      element("search").value = "";
      arrange();
      remember();
      element("tree").querySelector("tbody tr[tabindex='0']")?.focus();
    }
  });
  window.addEventListener("hashchange", recall);
}

document.documentElement.classList.add("live");
element("tree").setAttribute("role", "treegrid");
rows.forEach((row, i) => row.setAttribute("aria-level", levels[i]));
listen();
change();
recall();
