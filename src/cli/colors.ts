import pc from "picocolors";
import type { Terminal } from "./terminal.js";

type Colors = ReturnType<typeof pc.createColors>;

/**
 * The colours of all that looptrace paints, by what they mean. They are fixed ones of the 256, in the middle between
 * black and white: a terminal's own sixteen are made for either a dark or a light background.
 */
export const THEME = {
  /** What went well. */
  green: 28,
  /** What ended a turn. */
  red: 160,
  /** What failed and was got over. */
  yellow: 130,
  /** The model. */
  blue: 32,
  /** Tools. */
  magenta: 134,
  /** Waits. */
  cyan: 30,
  /** opencode's own work, and what is said beside. */
  gray: 244,
} as const;

/**
 * Colours only on a terminal; NO_COLOR and FORCE_COLOR have the last word (no-color.org, force-color.org).
 */
export function colorsFor(terminal: Pick<Terminal, "env">, isTty: boolean): Colors {
  const { NO_COLOR, FORCE_COLOR, TERM } = terminal.env;
  if (NO_COLOR) return pc.createColors(false);
  if (FORCE_COLOR ? FORCE_COLOR === "0" || FORCE_COLOR === "false" : !isTty || TERM === "dumb")
    return pc.createColors(false);
  const sixteen = pc.createColors(true);
  return hasManyColors(terminal.env) ? { ...sixteen, ...themed() } : sixteen;
}

function hasManyColors({ FORCE_COLOR, TERM = "", COLORTERM = "", WT_SESSION }: Terminal["env"]): boolean {
  if (FORCE_COLOR === "1") return false;
  if (FORCE_COLOR === "2" || FORCE_COLOR === "3") return true;
  return (
    /^(?:truecolor|24bit)$/i.test(COLORTERM) || /-(?:256(?:color)?|direct)$/i.test(TERM) || WT_SESSION !== undefined
  );
}

type Themed = Pick<Colors, keyof typeof THEME | "dim">;

function themed(): Themed {
  return {
    green: paintedIn(THEME.green),
    red: paintedIn(THEME.red),
    yellow: paintedIn(THEME.yellow),
    blue: paintedIn(THEME.blue),
    magenta: paintedIn(THEME.magenta),
    cyan: paintedIn(THEME.cyan),
    gray: paintedIn(THEME.gray),
    // Faint text can hardly be read on a light background.
    dim: paintedIn(THEME.gray),
  };
}

const END = "\x1b[39m";

/** A colour that ends in a text comes back behind it. */
function paintedIn(index: number): (text: string | number | null | undefined) => string {
  const start = `\x1b[38;5;${index}m`;
  return (text) => `${start}${String(text).replaceAll(END, start)}${END}`;
}
