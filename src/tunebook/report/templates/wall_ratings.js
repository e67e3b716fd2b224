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
// Ratings lie under the run that they are of: those of runs that a wall shows no more stay, and no other book's are shown.
const keyOfRun = (facts, run) => `${FORMAT} run ${facts.split} ${run}`;
const keyOfWall = (facts) => `${FORMAT} wall ${facts.study} ${facts.split} ${facts.name}`;
const stored = (key, nothing) => {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? nothing;
  } catch (error) {
    if (error instanceof DOMException || error instanceof SyntaxError) return nothing;
    throw error;
  }
};
// A browser may keep nothing for pages from a file: then what was rated lasts until the page is closed, and it says so.
const store = (key, value) => {
  try {
    localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch (error) {
    if (error instanceof DOMException) return false;
    throw error;
  }
};
const same = (one, other) => ["run", "item", "blind", "rater"].every((name) => one[name] === other[name]);
const rated = (ratings, rating) => [...ratings.filter((each) => !same(each, rating)), rating];
const ratingsOf = (facts, run) => stored(keyOfRun(facts, run), []);
// Read again before it is written: the same run may be rated on another page.
const keptRating = (facts, rating) => store(keyOfRun(facts, rating.run), rated(ratingsOf(facts, rating.run), rating));
const keptOrder = (facts, { rater, columns, rows }) => store(keyOfWall(facts), { rater, columns, rows });
const runsOf = (facts) => distinct(facts.columns.flatMap((column) => column.cells).filter(Boolean).map((cell) => cell.run));
const isOrder = (order, length) => Array.isArray(order) && order.length === length && new Set(order).size === length
  && order.every((at) => Number.isInteger(at) && at >= 0 && at < length);
// What was kept of the runs that this wall shows; an order of other sizes is drawn again.
const keptRatings = (facts) => {
  const { rater = "", columns, rows } = stored(keyOfWall(facts), {});
  return {
    rater,
    ratings: runsOf(facts).flatMap((run) => ratingsOf(facts, run)),
    columns: isOrder(columns, facts.columns.length) ? columns : shuffled(facts.columns.length),
    rows: isOrder(rows, facts.pictures.length) ? rows : shuffled(facts.pictures.length),
  };
};
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
