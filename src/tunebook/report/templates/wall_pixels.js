// Walls, first part: thumbnails and histograms become pixels and counts. Nothing here knows the page.
const LEVELS = 256;
const SHADES = { found: [86, 180, 233], invented: [240, 228, 66], missed: [213, 94, 0] };
const DARKENED = 0.5;

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const bitmapOf = (text) => createImageBitmap(new Blob([bytesOf(text)], { type: "image/webp" }), { colorSpaceConversion: "none" });
const scratch = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const rgbaOf = (bitmap) => {
  Object.assign(scratch.canvas, { width: bitmap.width, height: bitmap.height });
  scratch.drawImage(bitmap, 0, 0);
  return scratch.getImageData(0, 0, bitmap.width, bitmap.height).data;
};
const layerOf = (bitmap) => rgbaOf(bitmap).filter((_, at) => at % 4 === 0);
const darkenedOf = (bitmap) => {
  const rgba = rgbaOf(bitmap), grey = new Uint8Array(bitmap.width * bitmap.height);
  for (let i = 0; i < grey.length; i++) {
    grey[i] = Math.round(DARKENED * (rgba[4 * i] + rgba[4 * i + 1] + rgba[4 * i + 2]) / 3);
  }
  return grey;
};

// How many pixels are predicted at each level, 0 to 256: the sum of the histogram from there on.
const fromEachLevel = (text) => {
  const view = new DataView(bytesOf(text).buffer), sums = new Float64Array(LEVELS + 1);
  for (let level = LEVELS - 1; level >= 0; level--) sums[level] = sums[level + 1] + view.getUint32(4 * level, true);
  return sums;
};
// The lowest level that is not below a threshold, which may have been rounded when it was written.
const levelOf = (threshold) => Math.min(LEVELS, Math.max(0, Math.ceil(threshold * 255 - 1e-6)));
const countsAt = ({ background, foreground }, level) => ({
  tp: foreground[level], fp: background[level], fn: foreground[0] - foreground[level],
});
const added = (all) => all.reduce((a, b) => ({ tp: a.tp + b.tp, fp: a.fp + b.fp, fn: a.fn + b.fn }), { tp: 0, fp: 0, fn: 0 });
// Without foreground there is no value; where nothing is predicted, precision is 0.
const scoresOf = ({ tp, fp, fn }) => (tp + fn === 0 ? null
  : { f1: 2 * tp / (2 * tp + fp + fn), precision: tp / Math.max(tp + fp, 1), recall: tp / (tp + fn) });

const rgbaWord = ([red, green, blue]) => (255 << 24 | blue << 16 | green << 8 | red) >>> 0;
const WORDS = Object.fromEntries(Object.entries(SHADES).map(([name, shade]) => [name, rgbaWord(shade)]));
const GREYS = Uint32Array.from({ length: LEVELS }, (_, grey) => rgbaWord([grey, grey, grey]));
// Each painter says what a pixel looks like: its probability, whether it is foreground, the darkened image, the level.
const PAINTERS = {
  prediction: (probability, mask, dark, level) => GREYS[probability >= level ? 255 : 0],
  probability: (probability) => GREYS[probability],
  errors: (probability, mask, dark, level) => (probability >= level ? (mask ? WORDS.found : WORDS.invented)
    : mask ? WORDS.missed : GREYS[dark]),
};
const painted = (context, view, { probability, mask, dark }, level) => {
  const image = context.createImageData(context.canvas.width, context.canvas.height);
  const words = new Uint32Array(image.data.buffer), painter = PAINTERS[view];
  for (let i = 0; i < words.length; i++) words[i] = painter(probability[i], mask[i], dark[i], level);
  context.putImageData(image, 0, 0);
};
