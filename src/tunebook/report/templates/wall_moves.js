// Walls: the cell that has the focus, the part of the pictures that is in sight, and one cell enlarged.
const FARTHEST = 16, STEP = 1.25, BIT = 0.1;
const within = (number, low, high) => Math.min(high, Math.max(low, number));

const focused = ({ shown, rowOrder, at }) => {
  const column = shown[at.column], row = rowOrder[at.row];
  return column ? { column, row, each: column.cells[row.at] } : null;
};
const put = (wall, column, row) => {
  for (const { cells } of wall.columns) for (const { box } of cells) box.tabIndex = -1;
  wall.at = { column: within(column, 0, Math.max(0, wall.shown.length - 1)), row: within(row, 0, wall.rowOrder.length - 1) };
  const found = focused(wall);
  if (found) found.each.box.tabIndex = 0;
};
const go = (wall, column, row) => {
  put(wall, column, row);
  const found = focused(wall);
  if (!found) return;
  found.each.box.focus({ preventScroll: true });
  found.each.box.scrollIntoView({ block: "nearest", inline: "nearest" });
  if (wall.large.open) enlarge(wall);
};
const move = (wall, right, down) => go(wall, wall.at.column + right, wall.at.row + down);
const next = (wall) => {
  const last = wall.at.column === wall.shown.length - 1;
  if (last && wall.at.row < wall.rowOrder.length - 1) go(wall, 0, wall.at.row + 1);
  else go(wall, wall.at.column + 1, wall.at.row);
};
const putAt = (wall, box) => {
  const column = wall.shown.findIndex(({ cells }) => cells.some((each) => each.box === box));
  put(wall, column, wall.rowOrder.findIndex((row) => wall.shown[column].cells[row.at].box === box));
};

const look = ({ root, state }) => {
  for (const axis of ["x", "y"]) state[axis] = within(state[axis], 1 - state.scale, 0);
  for (const name of ["scale", "x", "y"]) root.style.setProperty(`--${name}`, state[name]);
  root.classList.toggle("zoomed", state.scale > 1);
  root.classList.toggle("coarse", state.scale >= 2);
};
// Around a point of the frame, 0..1 from its left and its top.
const zoom = (wall, factor, x = 0.5, y = 0.5) => {
  const { state } = wall, scale = within(state.scale * factor, 1, FARTHEST), grown = scale / state.scale;
  Object.assign(state, { scale, x: x - (x - state.x) * grown, y: y - (y - state.y) * grown });
  look(wall);
};
const pan = (wall, x, y) => {
  wall.state.x += x;
  wall.state.y += y;
  look(wall);
};
// The wheel belongs to the page, until a mask has the focus.
const turnWheel = (wall, event) => {
  const frame = event.target.closest(".frame");
  const meant = event.ctrlKey || wall.large.open || (frame && frame.parentElement === document.activeElement);
  if (!frame || !meant || (event.deltaY > 0 && wall.state.scale === 1 && !event.ctrlKey)) return;
  event.preventDefault();
  const edge = frame.getBoundingClientRect();
  zoom(wall, STEP ** -Math.sign(event.deltaY), (event.clientX - edge.left) / edge.width, (event.clientY - edge.top) / edge.height);
};
const startDrag = (wall, event) => {
  const frame = event.target.closest(".frame");
  if (!frame || event.button !== 0 || wall.state.scale === 1) return;
  const edge = frame.getBoundingClientRect(), dropped = new AbortController(), how = { signal: dropped.signal };
  let { clientX, clientY } = event;
  frame.setPointerCapture(event.pointerId);
  frame.addEventListener("pointermove", (moved) => {
    pan(wall, (moved.clientX - clientX) / edge.width, (moved.clientY - clientY) / edge.height);
    ({ clientX, clientY } = moved);
  }, how);
  for (const end of ["pointerup", "pointercancel"]) frame.addEventListener(end, () => dropped.abort(), how);
};

const builtLarge = (wall) => {
  const title = make("h3", { id: `${wall.facts.name}-large` }), trio = make("div", { className: "trio" });
  const close = make("button", { type: "button", className: "close" }, "close");
  const large = told(make("dialog", { className: "wall-large" }, title, close, trio), { "aria-labelledby": title.id });
  close.addEventListener("click", () => large.close());
  // The browser gives the focus back to the cell that opened it; the reader may have moved on since.
  large.addEventListener("close", () => wall.enlarged.each.box.focus());
  return Object.assign(wall, { large, largeTitle: title, trio });
};
const enlarge = (wall) => {
  const { column, row, each } = focused(wall), by = `${itemOf(wall, row)} by ${nameOf(wall, column)}`;
  if (!each.cell) return wall.large.close();
  const figures = ["image", "truth", "mask"].map((name) => ({ ...framed(row.picture, `${name} of ${by}`), said: make("figcaption", {}, name), name }));
  wall.largeTitle.textContent = `${itemOf(wall, row)} · ${nameOf(wall, column)}`;
  wall.trio.replaceChildren(...figures.map(({ frame, said, name }) => make("figure", { className: name }, frame, said)));
  wall.enlarged = { figures, each };
  if (!wall.large.open) wall.large.showModal();
  return load(wall, column).then(() => paintLarge(wall));
};
const paintLarge = (wall) => {
  if (!wall.large.open || !wall.enlarged.each.shared) return;
  const { figures: [image, truth, mask], each } = wall.enlarged, { view } = wall.state;
  const shown = view !== "image" && view !== "truth" ? view : each.layers ? "errors" : "prediction";
  paint(wall, image.context, each, "image");
  paint(wall, truth.context, each, "truth");
  paint(wall, mask.context, each, shown);
  mask.said.replaceChildren(words("name", shown), ...captionOf(wall, each));
};
