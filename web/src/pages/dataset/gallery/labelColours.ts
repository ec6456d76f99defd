/** Colours of labels: light and dark enough to be seen on any picture, told apart by neighbours in a list. */
const COLOURS = [
  "#ff5d64",
  "#4aa8ff",
  "#ffd23f",
  "#5fd068",
  "#c58bff",
  "#ff9a3d",
  "#3fd6c6",
  "#ff7ac6",
  "#a8d648",
  "#8fa7ff",
  "#ffb3a1",
  "#6ee7ff",
];

/** The same colour for the same label wherever it is shown. */
export function colourOf(label: string): string {
  let hash = 2_166_136_261;
  for (let place = 0; place < label.length; place++) hash = Math.imul(hash ^ label.charCodeAt(place), 16_777_619);
  return COLOURS[(hash >>> 0) % COLOURS.length] ?? "#ff5d64";
}
