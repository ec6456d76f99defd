import { expect, it } from "vitest";
import { commandOf } from "./keys";

const key = (name: string, held: object = {}) =>
  commandOf({ key: name, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held });

it("moves by one pixel or ten, and resizes with Ctrl", () => {
  expect(key("ArrowLeft")).toEqual({ name: "move", across: -1, down: 0 });
  expect(key("ArrowDown", { shiftKey: true })).toEqual({ name: "move", across: 0, down: 10 });
  expect(key("ArrowRight", { ctrlKey: true })).toEqual({ name: "resize", across: 1, down: 0 });
  expect(key("ArrowUp", { altKey: true, shiftKey: true })).toEqual({ name: "resize", across: 0, down: -10 });
});

it("chooses labels by 1 to 9 and 0", () => {
  expect([key("1"), key("9"), key("0")]).toEqual([0, 8, 9].map((index) => ({ name: "label", index })));
});

it("leaves the browser's own keys alone", () => {
  expect([
    key("c", { ctrlKey: true }),
    key("f", { ctrlKey: true }),
    key("1", { ctrlKey: true }),
    key("Tab"),
    key("Enter"),
  ]).toEqual([null, null, null, null, null]);
});

it("undoes and redoes as each system does", () => {
  expect(key("z", { ctrlKey: true })).toEqual({ name: "undo" });
  expect(key("Z", { metaKey: true, shiftKey: true })).toEqual({ name: "redo" });
  expect(key("y", { ctrlKey: true })).toEqual({ name: "redo" });
});
