// Walls, second part: what a person thinks of masks, kept in this browser until it is exported.
const FORMAT = "tunebook-ratings-1";
const shuffled = (length) => {
  const order = [...Array(length).keys()];
  for (let at = length - 1; at > 0; at--) {
    const other = crypto.getRandomValues(new Uint32Array(1))[0] % (at + 1);
    [order[at], order[other]] = [order[other], order[at]];
  }
  return order;
};
const today = () => {
  const now = new Date(), two = (number) => String(number).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
};
const keyOfRatings = (facts) => `${FORMAT} ${facts.study} ${facts.split} ${facts.name}`;
// A browser may keep nothing for pages from a file: then what was rated lasts until the page is closed, and it says so.
const kept = (facts, ratings) => {
  try {
    localStorage.setItem(keyOfRatings(facts), JSON.stringify(ratings));
    return true;
  } catch (error) {
    if (error instanceof DOMException) return false;
    throw error;
  }
};
const runsOf = (facts) => new Set(facts.columns.flatMap((column) => column.cells).filter(Boolean).map((cell) => cell.run));
const isOrder = (order, length) => Array.isArray(order) && order.length === length && new Set(order).size === length
  && order.every((at) => Number.isInteger(at) && at >= 0 && at < length);
// What was kept of this wall; ratings of runs that it shows no more are left out, and an order of other sizes is drawn again.
const keptRatings = (facts) => {
  const nothing = { rater: "", ratings: [], columns: null, rows: null };
  let found = nothing;
  try {
    found = { ...nothing, ...JSON.parse(localStorage.getItem(keyOfRatings(facts)) || "{}") };
  } catch (error) {
    if (!(error instanceof DOMException) && !(error instanceof SyntaxError)) throw error;
  }
  const runs = runsOf(facts);
  return {
    rater: found.rater,
    ratings: found.ratings.filter((each) => runs.has(each.run)),
    columns: isOrder(found.columns, facts.columns.length) ? found.columns : shuffled(facts.columns.length),
    rows: isOrder(found.rows, facts.pictures.length) ? found.rows : shuffled(facts.pictures.length),
  };
};
const same = (one, other) => ["run", "item", "blind", "rater"].every((name) => one[name] === other[name]);
const rated = (ratings, rating) => [...ratings.filter((each) => !same(each, rating)), rating];
const ratingsBy = (ratings, rater) => ratings.filter((each) => each.rater === rater);
const exportedText = (facts, { rater, ratings }) => JSON.stringify({
  format: FORMAT, study: facts.study, split: facts.split, rater,
  ratings: ratingsBy(ratings, rater).map(({ rater: _, ...each }) => each),
}, null, 1);
const download = (name, text) => {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "application/json" })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};
