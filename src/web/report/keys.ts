import type { TreeNode } from "./folding.js";

/** What a key does in the waterfall. */
export type KeyAction =
  | { readonly do: "select"; readonly row: number }
  | { readonly do: "fold" | "unfold"; readonly row: number }
  | { readonly do: "open" }
  | { readonly do: "zoom"; readonly factor: number }
  | { readonly do: "pan"; readonly share: number }
  | { readonly do: "fit" | "fit-rows" | "whole" };

/** What the waterfall shows when a key is pressed. */
export interface KeyState {
  readonly rows: readonly TreeNode[];
  readonly ends: readonly number[];
  readonly visible: readonly number[];
  readonly folded: ReadonlySet<number>;
  readonly selected: number;
  /** How many rows a page has. */
  readonly page: number;
  /** What is shown is a list, in which nothing is folded. */
  readonly longestFirst?: boolean;
}

/** As in any tree: the arrows walk, right opens and goes in, left goes out and closes; plus zooming. */
export function keyAction(key: string, shift: boolean, state: KeyState): KeyAction | null {
  const { visible, selected, page, longestFirst = false } = state;
  const at = visible.indexOf(selected);
  const to = (index: number): KeyAction => ({
    do: "select",
    row: visible[Math.min(visible.length - 1, Math.max(0, index))] ?? 0,
  });
  const actions: Readonly<Record<string, KeyAction | null>> = {
    ArrowDown: to(at + 1),
    ArrowUp: to(at - 1),
    PageDown: to(at + page),
    PageUp: to(at - page),
    Home: to(0),
    End: to(visible.length - 1),
    ArrowRight: shift ? { do: "pan", share: 0.25 } : longestFirst ? null : inwards(state),
    ArrowLeft: shift ? { do: "pan", share: -0.25 } : longestFirst ? null : outwards(state),
    Enter: { do: "open" },
    " ": { do: "open" },
    "+": { do: "zoom", factor: 0.5 },
    "=": { do: "zoom", factor: 0.5 },
    "-": { do: "zoom", factor: 2 },
    "0": { do: "whole" },
    z: { do: "fit" },
    f: { do: "fit-rows" },
  };
  return actions[key] ?? null;
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
