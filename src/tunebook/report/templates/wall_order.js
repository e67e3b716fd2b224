// Walls: which columns are shown, and in which order. Nothing here knows the page.
const MOST_VALUES = 24;
const distinct = (values) => [...new Set(values)];

// What columns are filtered by: parameters that differ, what their masks look like, in what way they are degenerate.
const facetsOf = (facts) => {
  const names = distinct(facts.columns.flatMap((column) => column.parameters.map((each) => each.name)));
  return [
    ...names.map((name) => ({ name, of: (column) => column.parameters.find((each) => each.name === name)?.text ?? "(none)" })),
    { name: "masks look like", of: (column) => column.group || "(no group)", about: new Map(facts.groups) },
    { name: "degenerate", of: (column) => column.kind || "not degenerate" },
  ].map((facet) => ({ ...facet, values: distinct(facts.columns.map(facet.of)).sort(collator.compare), without: new Set() }))
    .filter(({ values }) => values.length > 1 && values.length <= MOST_VALUES);
};
const passes = (facets, column) => facets.every((facet) => !facet.without.has(facet.of(column)));

const valueIn = (column, { kind, name }) => column[kind].find((each) => each.name === name);
// Scores begin with the best, which may be the lowest; parameters with the lowest.
const ordersOf = (facts) => {
  const named = (kind) => distinct(facts.columns.flatMap((column) => column[kind].map((each) => each.name)))
    .map((name) => ({ kind, name, falling: kind === "scores" && facts.direction === "maximize" }))
    .filter((order) => distinct(facts.columns.map((column) => valueIn(column, order)?.text)).length > 1);
  return [{ name: "best first", falling: false }, ...named("scores"), ...named("parameters")];
};
// Numbers of the columns; those without a value come last, equal ones stay as they are.
const inOrder = (facts, order, falling) => {
  const numbers = [...facts.columns.keys()];
  if (!order.kind) return falling ? numbers.reverse() : numbers;
  const values = facts.columns.map((column) => valueIn(column, order)), turned = falling ? -1 : 1;
  return numbers.sort((a, b) => {
    const x = values[a]?.sort ?? null, y = values[b]?.sort ?? null;
    if (x !== null && y !== null) return turned * (x - y) || a - b;
    if (x !== null || y !== null) return (x === null) - (y === null);
    return turned * collator.compare(values[a]?.text ?? "", values[b]?.text ?? "") || a - b;
  });
};
