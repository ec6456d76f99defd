/** Keys of the box editor, as commands. */

export type Command =
  | { readonly name: "label"; readonly index: number }
  | { readonly name: "move"; readonly across: number; readonly down: number }
  | { readonly name: "resize"; readonly across: number; readonly down: number }
  | { readonly name: "select"; readonly step: 1 | -1 }
  | { readonly name: "zoom"; readonly factor: number }
  | { readonly name: "new" | "delete" | "undo" | "redo" | "next" | "previous" | "copy" | "fit" | "escape" };

interface Key {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

const FAR = 10;
const ZOOM = 1.25;
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/**
 * The command of a key, or null. Arrows move the chosen box by a pixel, with Shift by ten; with Ctrl or Alt they move its
 * right and lower edges.
 */
export function commandOf(event: Key): Command | null {
  const isControl = event.ctrlKey || event.metaKey;
  const arrow = ARROWS[event.key];
  if (arrow !== undefined) {
    const far = event.shiftKey ? FAR : 1;
    return { name: isControl || event.altKey ? "resize" : "move", across: arrow[0] * far, down: arrow[1] * far };
  }
  if (event.altKey) return null;
  return isControl ? controlCommand(event) : plainCommand(event);
}

function controlCommand({ key, shiftKey }: Key): Command | null {
  switch (key.toLowerCase()) {
    case "z":
      return { name: shiftKey ? "redo" : "undo" };
    case "y":
      return { name: "redo" };
    default:
      return null;
  }
}

function plainCommand({ key }: Key): Command | null {
  if (/^[0-9]$/.test(key)) return { name: "label", index: (Number(key) + 9) % 10 };
  switch (key) {
    case "Delete":
    case "Backspace":
      return { name: "delete" };
    case "PageDown":
      return { name: "next" };
    case "PageUp":
      return { name: "previous" };
    case "Escape":
      return { name: "escape" };
    case "+":
    case "=":
      return { name: "zoom", factor: ZOOM };
    case "-":
      return { name: "zoom", factor: 1 / ZOOM };
    case "]":
    case ".":
      return { name: "select", step: 1 };
    case "[":
    case ",":
      return { name: "select", step: -1 };
  }
  switch (key.toLowerCase()) {
    case "n":
      return { name: "new" };
    case "f":
      return { name: "fit" };
    case "c":
      return { name: "copy" };
    default:
      return null;
  }
}
