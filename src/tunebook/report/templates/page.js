"use strict";
// Sorting: a heading orders the rows by its column; once more turns the order round.
const collator = new Intl.Collator("en", { numeric: true });
const keyOf = (row, column) => {
  const cell = row.cells[column];
  return cell.dataset.sort === undefined ? null : Number(cell.dataset.sort);
};
const sortBy = (table, heading) => {
  const column = heading.cellIndex;
  const numeric = heading.classList.contains("number");
  const before = heading.getAttribute("aria-sort");
  const ascending = before ? before === "descending" : !numeric;
  const compare = (a, b) => {
    if (!numeric) {
      const order = collator.compare(a.cells[column].textContent, b.cells[column].textContent);
      return ascending ? order : -order;
    }
    const x = keyOf(a, column), y = keyOf(b, column);
    if (x === null || y === null) return (x === null) - (y === null);
    return ascending ? x - y : y - x;
  };
  for (const each of table.querySelectorAll("thead th")) each.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compare));
};
for (const table of document.querySelectorAll("table.sortable")) {
  table.tHead.addEventListener("click", (event) => {
    const heading = event.target.closest("th");
    if (heading && event.target.closest("button")) sortBy(table, heading);
  });
}

// Filtering: tables of many rows get a line above them with a text to look for and a choice for each parameter.
const MANY = 12, MOST_CHOICES = 40;
const make = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
const filtered = (region) => {
  const table = region.querySelector("table.sortable");
  const rows = [...table.tBodies[0].rows];
  const about = region.getAttribute("aria-label");
  const names = JSON.parse(region.dataset.facets || "[]");
  const facets = rows.map((row) => JSON.parse(row.dataset.facets || "[]"));
  const words = rows.map((row) => row.textContent.toLowerCase());
  const text = make("input", { type: "search", autocomplete: "off", spellcheck: false });
  const count = make("output", {}, `${rows.length} rows`);
  count.setAttribute("aria-live", "polite");
  const choices = names.map((name, at) => {
    const values = [...new Set(facets.map((each) => each[at]))].sort(collator.compare);
    if (values.length < 2 || values.length > MOST_CHOICES) return null;
    const options = values.map((value) => make("option", { value: `=${value}` }, value === "" ? "(none)" : value));
    return { at, name, list: make("select", {}, make("option", { value: "" }, "all"), ...options) };
  }).filter(Boolean);
  const apply = () => {
    const wanted = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, i) => {
      const kept = wanted.every((word) => words[i].includes(word)) &&
        choices.every(({ at, list }) => list.value === "" || list.value === `=${facets[i][at]}`);
      row.hidden = !kept;
      shown += kept;
    });
    count.textContent = shown === rows.length ? `${rows.length} rows` : `${shown} of ${rows.length} rows`;
  };
  const labelled = (name, input) => make("label", {}, make("span", {}, name), input);
  const bar = make("div", { className: "filter" }, labelled("Filter", text),
    ...choices.map(({ name, list }) => labelled(name.split(".").pop(), list)), count);
  bar.setAttribute("role", "search");
  bar.setAttribute("aria-label", `Rows of: ${about}`);
  bar.addEventListener("input", apply);
  region.before(bar);
};
const prepare = (region) => {
  if (region.querySelectorAll("table.sortable > tbody > tr").length >= MANY) filtered(region);
};
for (const region of document.querySelectorAll(".scroll")) {
  const folded = region.closest("details");
  if (folded && !folded.open) folded.addEventListener("toggle", () => prepare(region), { once: true });
  else prepare(region);
}

// A link to a folded part unfolds it.
const unfold = () => {
  const at = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let each = at; each; each = each.parentElement) if (each.tagName === "DETAILS") each.open = true;
};
addEventListener("hashchange", unfold);
unfold();
