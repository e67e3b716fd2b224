// Walls: rows are pictures, columns configurations. What a reader can do, and how the parts come together.
const VIEWS = ["image", "truth", "prediction", "errors", "probability"], NEED_LAYERS = ["errors", "probability"];
const SIZES = { small: "7rem", medium: "min(11.5rem, 48vw)", large: "min(20rem, 70vw)" };
const HINT = "Arrows move between masks, Enter or a double click enlarges one. + and − zoom, 0 shows the whole, Shift and arrows "
  + "or dragging pans; the wheel zooms while a mask has the focus.";
const pressed = (text, act, attributes = {}) => {
  const button = told(make("button", { type: "button" }, text), attributes);
  button.addEventListener("click", act);
  return button;
};
const ticked = (text, act, { checked = false, count = "", title = "" } = {}) => {
  const box = make("input", { type: "checkbox", checked });
  box.addEventListener("change", () => act(box.checked));
  return { box, label: make("label", { title }, box, words("", text || "none"), make("small", {}, count)) };
};
const chosen = (text, options, act) => {
  const list = make("select", {}, ...options.map(([value, name]) => make("option", { value }, name)));
  list.addEventListener("change", () => act(list.value));
  return { list, label: make("label", {}, words("name", text), list) };
};
const grouped = (className, label, ...children) => told(make("div", { className }, ...children), { role: "group", "aria-label": label });

// Blind, a mask is its place in an order drawn by lot.
const nameOf = (wall, column) => (wall.state.blind ? `mask ${wall.shown.indexOf(column) + 1}` : column.column.label);
const itemOf = (wall, row) => (wall.state.blind ? `picture ${wall.rowOrder.indexOf(row) + 1}` : row.picture.item);
const nameAll = (wall) => {
  for (const row of wall.rows) {
    row.name.textContent = itemOf(wall, row);
    row.reference.canvas.setAttribute("aria-label", `reference of ${itemOf(wall, row)}`);
  }
  for (const column of wall.shown) {
    column.parts.name.textContent = nameOf(wall, column);
    for (const part of ["kind", "replicate", "scores", "group"]) column.parts[part].hidden = wall.state.blind || !column.parts[part].textContent;
    column.cells.forEach((each, row) => {
      each.canvas?.setAttribute("aria-label", `${wall.state.view} of ${itemOf(wall, wall.rows[row])} by ${nameOf(wall, column)}`);
    });
  }
};
const arrange = (wall) => {
  const { facts, state, columns, rows, ratings } = wall;
  const ordered = (state.blind ? ratings.columns : inOrder(facts, state.order, state.falling)).map((number) => columns[number]);
  for (const { column, head, cells } of columns) {
    for (const each of [head, ...cells.map(({ box }) => box)]) each.hidden = !passes(wall.facets, column);
  }
  wall.shown = ordered.filter(({ head }) => !head.hidden);
  wall.rowOrder = state.blind ? ratings.rows.map((row) => rows[row]) : rows;
  wall.headLine.append(...ordered.map(({ head }) => head));
  for (const { line, at } of rows) line.append(...ordered.map(({ cells }) => cells[at].box));
  wall.body.append(...wall.rowOrder.map(({ line }) => line));
  const some = wall.shown.length === columns.length ? "" : `${wall.shown.length} of `;
  wall.count.textContent = `${some}${columns.length} configurations`;
  nameAll(wall);
  put(wall, wall.at.column, wall.at.row);
  showRatings(wall);
  repaint(wall);
};

// The bar: what is shown, in which order, how large.
const show = (wall, view) => {
  wall.state.view = view;
  wall.root.dataset.view = view;
  nameAll(wall);
  paintReferences(wall);
  repaint(wall);
};
const viewsOf = (wall) => grouped("views", "show", ...VIEWS.filter((view) => wall.layered || !NEED_LAYERS.includes(view)).map((view) => {
  const input = make("input", { type: "radio", name: `${wall.facts.name}-view`, checked: view === wall.state.view });
  input.addEventListener("change", () => show(wall, view));
  return make("label", {}, input, words("", view));
}));
const orderOf = (wall) => {
  const orders = ordersOf(wall.facts);
  const order = (by, falling) => {
    Object.assign(wall.state, { order: by, falling });
    turn.textContent = falling ? "↓" : "↑";
    turn.setAttribute("aria-label", `${falling ? "falling" : "rising"}: turn the order round`);
    arrange(wall);
  };
  const turn = pressed("", () => order(wall.state.order, !wall.state.falling), { class: "turn" });
  const { label } = chosen("order", orders.map(({ name }, number) => [number, name]), (number) => order(orders[number], orders[number].falling));
  return { begin: () => order(orders[0], false), element: make("div", { className: "ordered" }, label, turn) };
};
const sizeOf = (wall) => {
  const size = (name) => wall.root.style.setProperty("--cell", SIZES[name]);
  const { list, label } = chosen("size", Object.keys(SIZES).map((name) => [name, name]), size);
  list.value = "medium";
  size(list.value);
  return label;
};
const zoomsOf = (wall) => grouped("zooms", "zoom", pressed("−", () => zoom(wall, 1 / STEP), { "aria-label": "zoom out" }),
  pressed("+", () => zoom(wall, STEP), { "aria-label": "zoom in" }), pressed("whole", () => zoom(wall, 1 / FARTHEST)));

const thresholdsOf = (wall) => {
  const slider = told(make("input", { type: "range", min: 0, max: 255, step: 1 }), { "aria-label": "threshold" });
  const said = make("output", {});
  const cells = wall.facts.columns.flatMap((column) => column.cells).filter((cell) => cell && cell.threshold !== null);
  const owns = cells.map(({ threshold }) => threshold).sort((a, b) => a - b);
  const cut = (threshold) => {
    wall.state.threshold = threshold;
    slider.value = levelOf(threshold ?? owns[owns.length >> 1] ?? 0.5);
    slider.classList.toggle("idle", threshold === null);
    said.textContent = threshold === null ? "" : `≥ ${short(threshold)}`;
    slider.setAttribute("aria-valuetext", said.textContent || "each its own");
    own.setAttribute("aria-pressed", threshold === null);
    half.setAttribute("aria-pressed", threshold === 0.5);
    repaint(wall);
  };
  const own = pressed("each its own", () => cut(null), { title: "the threshold that each run chose" });
  const half = pressed("0.5", () => cut(0.5));
  slider.addEventListener("input", () => cut(Number(slider.value) / 255));
  cut(null);
  const element = grouped("cutting", "threshold", make("label", {}, words("name", "threshold"), slider), own, half, said);
  element.hidden = !wall.layered;
  return element;
};
const filterOf = (wall) => {
  const boxes = [];
  const fields = wall.facets.map((facet) => make("fieldset", {}, make("legend", {}, facet.name), ...facet.values.map((value) => {
    const count = ` (${wall.facts.columns.filter((column) => facet.of(column) === value).length})`;
    const { box, label } = ticked(value, (on) => {
      facet.without[on ? "delete" : "add"](value);
      arrange(wall);
    }, { checked: true, count, title: facet.about?.get(value) || "" });
    boxes.push(box);
    return label;
  })));
  const all = pressed("show all", () => {
    for (const { without } of wall.facets) without.clear();
    for (const box of boxes) box.checked = true;
    arrange(wall);
  });
  return make("details", { className: "facets" }, make("summary", {}, "Filter"), ...fields, all);
};

// Ratings.
const showRatings = (wall) => {
  const { state, ratings, facts } = wall;
  const mine = ratingsBy(ratings.ratings, ratings.rater).filter((each) => each.blind === state.blind);
  const values = new Map(mine.map((each) => [`${each.run} ${each.item}`, each.value]));
  const valueOf = (cell, row) => values.get(`${cell.run} ${facts.pictures[row].item}`);
  for (const { cells } of wall.columns) {
    cells.forEach(({ cell, badge }, row) => {
      if (cell) badge.textContent = state.rating ? valueOf(cell, row) ?? "" : "";
    });
  }
  const cells = wall.shown.flatMap((column) => column.cells.map(({ cell }, row) => cell && { value: valueOf(cell, row) })).filter(Boolean);
  wall.rated.textContent = `${cells.filter(({ value }) => value).length} of ${cells.length} rated${state.blind ? " blind" : ""}`;
};
const keepOrder = (wall) => {
  wall.unkept.hidden = keptOrder(wall.facts, wall.ratings);
};
const hasRater = (wall) => {
  if (wall.ratings.rater) return true;
  wall.rated.textContent = "who rates? type a name first";
  wall.rater.focus();
  return false;
};
const rate = (wall, value) => {
  const found = focused(wall);
  if (!found?.each.cell || !hasRater(wall)) return;
  const rating = {
    run: found.each.cell.run, configuration: found.column.column.configuration, item: found.row.picture.item, value,
    blind: wall.state.blind, threshold: thresholdOf(wall, found.each), on: today(), rater: wall.ratings.rater,
  };
  wall.ratings.ratings = rated(wall.ratings.ratings, rating);
  wall.unkept.hidden = keptRating(wall.facts, rating);
  showRatings(wall);
  next(wall);
};
const rateBlind = (wall, on) => {
  wall.state.blind = on;
  wall.at = { column: 0, row: 0 };
  for (const each of wall.telling) each.hidden = on;
  keepOrder(wall);
  arrange(wall);
  wall.region.scrollTo({ left: 0, top: 0 });
};
const exportRatings = ({ facts, ratings }) => {
  const name = `ratings-${facts.study}-${facts.split}-${ratings.rater}`.replace(/[^\w.-]+/g, "_");
  download(`${name}.json`, exportedText(facts, ratings));
};
const ratingOf = (wall) => {
  wall.rater = make("input", { type: "text", autocomplete: "name", value: wall.ratings.rater });
  wall.rater.addEventListener("input", () => {
    wall.ratings.rater = wall.rater.value.trim();
    keepOrder(wall);
    showRatings(wall);
  });
  const { box, label } = ticked("blind: no names, no scores, shuffled", (on) => rateBlind(wall, on));
  const marks = [1, 2, 3, 4, 5].map((value) => pressed(value, () => rate(wall, value)));
  wall.unkept = make("small", { hidden: true }, "This browser keeps nothing of a page from a file: export before you close it.");
  const panel = grouped("rating", "rate masks", make("label", {}, words("name", "rater"), wall.rater), label,
    grouped("marks", "rate the mask that has the focus, 1 (worst) to 5 (best)", ...marks),
    pressed("export", () => hasRater(wall) && exportRatings(wall)), wall.rated, wall.unkept);
  panel.hidden = true;
  const open = pressed("rate", () => {
    wall.state.rating = panel.hidden;
    panel.hidden = !wall.state.rating;
    open.setAttribute("aria-expanded", wall.state.rating);
    if (wall.state.blind) {
      box.checked = false;
      rateBlind(wall, false);
    }
    showRatings(wall);
    if (wall.state.rating && !wall.ratings.rater) wall.rater.focus();
  }, { "aria-expanded": false });
  return { panel, open };
};

// Keys and pointers.
const arrow = (right, down) => (wall, shift) => (shift ? pan(wall, -BIT * right, -BIT * down) : move(wall, right, down));
const KEYS = {
  ArrowLeft: arrow(-1, 0), ArrowRight: arrow(1, 0), ArrowUp: arrow(0, -1), ArrowDown: arrow(0, 1),
  Home: (wall) => go(wall, 0, wall.at.row), End: (wall) => go(wall, wall.shown.length, wall.at.row),
  "+": (wall) => zoom(wall, STEP), "=": (wall) => zoom(wall, STEP), "-": (wall) => zoom(wall, 1 / STEP), 0: (wall) => zoom(wall, 1 / FARTHEST),
  Enter: (wall) => wall.large.open || enlarge(wall),
  ...Object.fromEntries([1, 2, 3, 4, 5].map((value) => [value, (wall) => wall.state.rating && rate(wall, value)])),
};
const listen = (wall) => {
  wall.root.addEventListener("keydown", (event) => {
    const inside = wall.large.open || event.target.closest("td");
    const elsewhere = event.key === "Enter" && event.target.closest("button");
    if (!inside || elsewhere || event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(KEYS, event.key)) return;
    event.preventDefault();
    KEYS[event.key](wall, event.shiftKey);
  });
  wall.root.addEventListener("wheel", (event) => turnWheel(wall, event), { passive: false });
  wall.root.addEventListener("pointerdown", (event) => startDrag(wall, event));
  wall.body.addEventListener("focusin", (event) => putAt(wall, event.target.closest("td")));
  wall.body.addEventListener("dblclick", (event) => event.target.closest("td") && enlarge(wall));
};

const hang = (root) => {
  const json = (name) => [...root.querySelectorAll(`script.${name}`)];
  const facts = JSON.parse(json("wall-facts")[0].textContent);
  const layered = facts.columns.some((column) => column.cells.some((cell) => cell && cell.threshold !== null));
  const state = { view: layered ? "errors" : "prediction", threshold: null, scale: 1, x: 0, y: 0, rating: false, blind: false };
  const wall = builtLarge({
    root, facts, layered, state, ...builtTable(facts), sources: { pictures: json("wall-pictures")[0], columns: json("wall-column") },
    facets: facetsOf(facts), ratings: keptRatings(facts), at: { column: 0, row: 0 }, shown: [], rowOrder: [],
    count: told(make("output", {}), { "aria-live": "polite" }), rated: told(make("output", {}), { "aria-live": "polite" }),
  });
  const order = orderOf(wall), rating = ratingOf(wall), filter = filterOf(wall);
  wall.telling = [order.element, ...(wall.facets.length ? [filter] : [])];
  filter.hidden = wall.facets.length === 0;
  root.classList.toggle("layered", layered);
  root.append(
    grouped("wall-bar", "what the masks show", viewsOf(wall), order.element, sizeOf(wall), zoomsOf(wall), rating.open, wall.count),
    thresholdsOf(wall), filter, rating.panel, ...root.querySelectorAll(".wall-legend"), wall.region, make("p", { className: "hint" }, HINT), wall.large);
  look(wall);
  order.begin();
  show(wall, state.view);
  listen(wall);
  watch(wall);
};
for (const root of document.querySelectorAll(".wall")) hang(root);
