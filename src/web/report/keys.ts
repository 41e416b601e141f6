import type { TreeNode } from "./folding.js";

/** What a key does in the waterfall. */
export type KeyAction =
  | { readonly do: "select"; readonly row: number }
  | { readonly do: "fold" | "unfold"; readonly row: number }
  | { readonly do: "open" }
  | { readonly do: "zoom"; readonly factor: number }
  | { readonly do: "pan"; readonly share: number }
  | { readonly do: "fit" | "whole" };

/** What the waterfall shows when a key is pressed. */
export interface KeyState {
  readonly rows: readonly TreeNode[];
  readonly ends: readonly number[];
  readonly visible: readonly number[];
  readonly folded: ReadonlySet<number>;
  readonly selected: number;
  /** How many rows a page has. */
  readonly page: number;
}

/** As in any tree: the arrows walk, right opens and goes in, left goes out and closes; plus zooming. */
export function keyAction(key: string, shift: boolean, state: KeyState): KeyAction | null {
  const { visible, selected, page } = state;
  const at = visible.indexOf(selected);
  const to = (index: number): KeyAction => ({
    do: "select",
    row: visible[Math.min(visible.length - 1, Math.max(0, index))] ?? 0,
  });
  switch (key) {
    case "ArrowDown":
      return to(at + 1);
    case "ArrowUp":
      return to(at - 1);
    case "PageDown":
      return to(at + page);
    case "PageUp":
      return to(at - page);
    case "Home":
      return to(0);
    case "End":
      return to(visible.length - 1);
    case "ArrowRight":
      return shift ? { do: "pan", share: 0.25 } : inwards(state);
    case "ArrowLeft":
      return shift ? { do: "pan", share: -0.25 } : outwards(state);
    case "Enter":
    case " ":
      return { do: "open" };
    case "+":
    case "=":
      return { do: "zoom", factor: 0.5 };
    case "-":
      return { do: "zoom", factor: 2 };
    case "0":
      return { do: "whole" };
    case "z":
      return { do: "fit" };
    default:
      return null;
  }
}

function inwards({ ends, folded, selected }: KeyState): KeyAction | null {
  if ((ends[selected] ?? 0) <= selected + 1) return null;
  return folded.has(selected) ? { do: "unfold", row: selected } : { do: "select", row: selected + 1 };
}

function outwards({ rows, ends, folded, selected }: KeyState): KeyAction | null {
  const hasBelow = (ends[selected] ?? 0) > selected + 1;
  if (hasBelow && !folded.has(selected)) return { do: "fold", row: selected };
  const parent = rows[selected]?.parent ?? -1;
  return parent < 0 ? null : { do: "select", row: parent };
}
