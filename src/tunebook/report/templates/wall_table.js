// Walls: the table of cells, what is decoded for it, and how it is painted.
const NEAR = "0px 400px";
const whole = new Intl.NumberFormat("en");
const short = (number) => number.toFixed(3);
const told = (element, attributes) => {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};
const words = (className, text) => make("span", { className }, text);
const framed = ({ width, height }, label) => {
  const canvas = told(make("canvas", { width, height }), { role: "img", "aria-label": label });
  const frame = make("div", { className: "frame" }, canvas);
  frame.style.aspectRatio = `${width} / ${height}`;
  return { frame, canvas, context: canvas.getContext("2d") };
};

const builtRow = (picture, at) => {
  const reference = framed(picture, ""), name = words("item", picture.item), kind = make("small", {}, "truth");
  const head = told(make("th", {}, name, reference.frame, kind), { scope: "row" });
  return { picture, at, reference, name, kind, line: make("tr", {}, head) };
};
const builtCell = (cell, picture) => {
  const box = told(make("td", { tabIndex: -1 }), { role: "gridcell" });
  if (!cell) {
    box.append(words("reason", "no picture"));
    return { box, cell };
  }
  const parts = framed(picture, ""), caption = make("small", { className: "counts" }), badge = words("badge", "");
  parts.frame.append(badge);
  box.append(parts.frame, caption);
  return { ...parts, box, cell, caption, badge };
};
const replicateOf = ({ replicate, replicates }) => (replicates > 1
  ? `masks of ${replicate} alone; scores are means over ${replicates} replicates` : `masks and scores of ${replicate}`);
const builtColumn = (facts, number) => {
  const column = facts.columns[number];
  const parts = {
    name: words("label", ""), kind: words("kind-of", column.kind),
    replicate: make("small", { title: column.replicate && replicateOf(column) }, column.replicate),
    scores: make("small", {}, column.scores.map((each) => `${each.name} ${each.text}`).join(" · ")),
    group: make("small", { title: new Map(facts.groups).get(column.group) || "" }, column.group),
    here: make("small", { className: "here" }),
  };
  const head = told(make("th", {}, ...Object.values(parts)), { scope: "col" });
  const cells = column.cells.map((cell, row) => builtCell(cell, facts.pictures[row]));
  return { column, number, parts, head, cells, seen: false, loading: null, loaded: false, stamp: "" };
};
const builtTable = (facts) => {
  const rows = facts.pictures.map(builtRow), columns = [...facts.columns.keys()].map((number) => builtColumn(facts, number));
  const headLine = make("tr", {}, told(make("th", {}, words("unseen", "picture")), { scope: "col" }));
  const body = make("tbody", {}, ...rows.map(({ line }) => line));
  const about = `Masks of ${facts.columns.length} configurations ${facts.about}`.trim();
  const table = told(make("table", {}, make("thead", {}, headLine), body), { role: "grid", "aria-label": about });
  const region = told(make("div", { className: "scroll wall-region" }, table), { role: "region", "aria-label": about, tabindex: 0 });
  return { rows, columns, headLine, body, region };
};

// Thumbnails are decoded when their column comes near.
const loadPictures = (wall) => (wall.pictures ??= Promise.all(JSON.parse(wall.sources.pictures.textContent).map(async (each) => {
  const [image, truth] = [await bitmapOf(each.image), await bitmapOf(each.truth)];
  return each.mask ? { image, truth, mask: layerOf(await bitmapOf(each.mask)), dark: darkenedOf(image) } : { image, truth };
})));
const loadCell = async (each, shared, found) => {
  each.shared = shared;
  if (found?.prediction) each.panel = await bitmapOf(found.prediction);
  if (!found?.probability) return;
  each.layers = { probability: layerOf(await bitmapOf(found.probability)), mask: shared.mask, dark: shared.dark };
  each.sums = { background: fromEachLevel(found.background), foreground: fromEachLevel(found.foreground) };
};
const decoded = async (wall, column) => {
  const shared = await loadPictures(wall), found = JSON.parse(wall.sources.columns[column.number].textContent);
  await Promise.all(column.cells.map((each, row) => loadCell(each, shared[row], found[row])));
  column.loaded = true;
};
const load = (wall, column) => (column.loading ??= decoded(wall, column));
const watch = (wall) => {
  const ofHead = new Map(wall.columns.map((column) => [column.head, column]));
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const column = ofHead.get(target);
      column.seen = isIntersecting;
      if (isIntersecting) load(wall, column).then(() => repaint(wall));
    }
  }, { root: wall.region, rootMargin: NEAR });
  for (const head of ofHead.keys()) observer.observe(head);
};

const thresholdOf = ({ state }, { cell }) => (cell.threshold === null ? null : state.threshold ?? cell.threshold);
const countsOf = (wall, each) => countsAt(each.sums, levelOf(thresholdOf(wall, each)));
const captionOf = (wall, each) => {
  if (wall.state.blind) return [];
  if (!each.sums) return [each.cell.below];
  const counts = countsOf(wall, each), scores = scoresOf(counts);
  return [
    words("scores", scores ? `F1 ${short(scores.f1)} · P ${short(scores.precision)} · R ${short(scores.recall)}` : "no foreground: no score"),
    words("pixels", `TP ${whole.format(counts.tp)} · FP ${whole.format(counts.fp)} · FN ${whole.format(counts.fn)}`),
  ];
};
const hereOf = (wall, column) => {
  const counted = column.cells.filter(({ sums }) => sums);
  if (!counted.length || wall.state.blind) return "";
  const scores = scoresOf(added(counted.map((each) => countsOf(wall, each))));
  return `${scores ? `F1 ${short(scores.f1)}` : "no foreground"} here at ${short(thresholdOf(wall, counted[0]))}`;
};
const paint = (wall, context, each, view) => {
  const panel = each.shared[view] ?? each.panel;
  if (panel) context.drawImage(panel, 0, 0, context.canvas.width, context.canvas.height);
  else painted(context, view, each.layers, levelOf(thresholdOf(wall, each)));
};
const paintColumn = (wall, column) => {
  const stamp = `${wall.state.view} ${wall.state.threshold} ${wall.state.blind}`;
  if (column.stamp === stamp) return;
  column.stamp = stamp;
  for (const each of column.cells.filter(({ cell }) => cell)) {
    paint(wall, each.context, each, wall.state.view);
    each.caption.replaceChildren(...captionOf(wall, each));
  }
  column.parts.here.textContent = hereOf(wall, column);
};
// All that is in sight, once for each frame of the screen however much has changed.
const repaint = (wall) => {
  if (wall.waiting) return;
  wall.waiting = true;
  requestAnimationFrame(() => {
    wall.waiting = false;
    for (const column of wall.columns) if (column.seen && column.loaded && !column.head.hidden) paintColumn(wall, column);
    paintLarge(wall);
    if (!wall.root.dataset.painted && wall.columns.some(({ stamp }) => stamp)) {
      wall.root.dataset.painted = "true";
      performance.mark(`${wall.facts.name} painted`);
    }
  });
};
const paintReferences = async (wall) => {
  const shared = await loadPictures(wall), view = wall.state.view === "truth" ? "image" : "truth";
  for (const { reference, kind, at } of wall.rows) {
    kind.textContent = view;
    reference.context.drawImage(shared[at][view], 0, 0, reference.canvas.width, reference.canvas.height);
  }
};
