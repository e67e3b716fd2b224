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

// What a link leads to stands below the navigation, on however many lines that is.
const navigation = document.querySelector("nav");
if (navigation) {
  const measure = () => document.documentElement.style.setProperty("--nav", `${navigation.offsetHeight}px`);
  new ResizeObserver(measure).observe(navigation);
  measure();
}

// A link to a folded part unfolds it.
const unfold = () => {
  const at = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let each = at; each; each = each.parentElement) if (each.tagName === "DETAILS") each.open = true;
};
addEventListener("hashchange", unfold);
unfold();

// A page that is read again by itself stays where it was: what is unfolded, how far it is scrolled, what has the focus.
// Only then: a page that a person opens begins at its top. Parts are known by their card and their summary.
if (document.querySelector("meta[http-equiv=refresh]")) {
  const key = `tunebook:${location.pathname}`, FOCUSABLE = "a, button, input, select, summary, [tabindex]";
  const counted = (elements, nameOf) => {
    const before = new Map();
    return elements.map((each) => {
      const name = nameOf(each), n = before.get(name) || 0;
      before.set(name, n + 1);
      return [`${name} ${n}`, each];
    });
  };
  const cardOf = (each) => each.closest("section[id]")?.id || "";
  const folded = () => counted([...document.querySelectorAll("details")],
    (each) => `${cardOf(each)}/${each.querySelector("summary")?.textContent.replace(/\d[\d,]*/g, "#")}`);
  const focusable = () => counted([...document.querySelectorAll(FOCUSABLE)],
    (each) => `${cardOf(each)}/${each.tagName}/${each.textContent.replace(/\d[\d,]*/g, "#")}`);
  // The card that begins last above the middle of the window, and how far the page is scrolled beyond its beginning.
  const seen = () => {
    const begun = [...document.querySelectorAll("section[id]")]
      .filter((each) => each.getBoundingClientRect().top < innerHeight / 2).pop();
    const top = begun ? begun.getBoundingClientRect().top + scrollY : 0;
    return { card: begun?.id || "", below: scrollY - top };
  };
  // Storage may be shut (a private window, a file): then the page begins at its top, as before.
  const stored = (act) => { try { return act(sessionStorage); } catch { return null; } };
  const left = stored((storage) => JSON.parse(storage.getItem(key)));
  if (left && performance.getEntriesByType("navigation")[0]?.type === "reload") {
    for (const [name, each] of folded()) each.open = left.open.includes(name) || each.open;
    if (left.focus) focusable().find(([name]) => name === left.focus)?.[1].focus({ preventScroll: true });
    const back = () => {
      const card = document.getElementById(left.card);
      scrollTo({ top: left.below + (card ? card.getBoundingClientRect().top + scrollY : 0), behavior: "instant" });
    };
    back();
    addEventListener("load", back, { once: true });
  }
  addEventListener("pagehide", () => stored((storage) => storage.setItem(key, JSON.stringify({
    open: folded().filter(([, each]) => each.open).map(([name]) => name),
    focus: focusable().find(([, each]) => each === document.activeElement)?.[0] || "",
    ...seen(),
  }))));
}
