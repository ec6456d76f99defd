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

const given = new Map<string, number>();

/** The colour of a label, the same wherever it is shown. Colours go round in the order in which labels are first seen. */
export function colourOf(label: string): string {
  const place = given.get(label) ?? given.size;
  given.set(label, place);
  return COLOURS[place % COLOURS.length] ?? "#ff5d64";
}
