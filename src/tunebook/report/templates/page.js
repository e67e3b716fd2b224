"use strict";
// Sorting: a click on a heading orders the rows by its column; another click turns the order round.
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
  for (const button of table.querySelectorAll("thead button")) {
    button.addEventListener("click", () => sortBy(table, button.closest("th")));
  }
}

// Figures: plotly draws them in the colours of the page, and again when these change.
const theme = () => {
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--ink").trim(), line = style.getPropertyValue("--line").trim();
  const paper = style.getPropertyValue("--paper").trim();
  return {
    "font.color": ink, "font.family": getComputedStyle(document.body).fontFamily,
    "xaxis.gridcolor": line, "yaxis.gridcolor": line, "xaxis.linecolor": line, "yaxis.linecolor": line,
    "hoverlabel.bgcolor": paper, "hoverlabel.bordercolor": line, "hoverlabel.font.color": ink,
  };
};
const plots = [...document.querySelectorAll("script[data-plot]")];
if (plots.length && window.Plotly) {
  const scheme = window.matchMedia("(prefers-color-scheme: dark)");
  const paint = () => plots.forEach((each) => Plotly.relayout(each.dataset.plot, theme()));
  for (const each of plots) {
    const figure = JSON.parse(each.textContent);
    Plotly.newPlot(each.dataset.plot, figure.data, figure.layout, { responsive: true, displayModeBar: false });
  }
  paint();
  scheme.addEventListener("change", paint);
}
