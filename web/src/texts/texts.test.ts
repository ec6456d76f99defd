import { expect, test } from "vitest";
import { en } from "./en";
import { pt } from "./pt";
import { zh } from "./zh";

/** Every leaf of a catalogue by its path: texts as they are, functions by what they make of plain arguments. */
function leaves(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string") return [[path, value]];
  if (typeof value === "function") {
    const size = { width: 3, height: 4, left: 1, top: 2 };
    const make = value as (...given: unknown[]) => string;
    return [[path, value.length > 1 && /J-12|drawn|chosen/.test(path) ? make("a", size) : make(3, 4, 5)]];
  }
  return Object.entries(value as object).flatMap(([name, one]) => leaves(one, `${path}.${name}`));
}

const english = new Map(leaves(en));

test.each([
  ["pt", pt],
  ["zh", zh],
])("%s has every text, none of them empty", (_name, texts) => {
  const found = new Map(leaves(texts));
  expect([...found.keys()].sort()).toEqual([...english.keys()].sort());
  expect([...found].filter(([, text]) => text.trim() === "")).toEqual([]);
});

test.each([
  ["pt", pt],
  ["zh", zh],
])("%s is translated: long texts are not those of the English", (_name, texts) => {
  const same = leaves(texts).filter(([path, text]) => text.length > 24 && english.get(path) === text);
  expect(same.map(([path]) => path)).toEqual([".train.placeholder"]);
});
