import type { HelpSheet } from "./help-sheet.js";
import { wholeProgram } from "./program.js";
import { WIDEST_HELP } from "./terminal-width.js";

/** Few terminals are narrower; in those `--help` takes its time. */
const NARROWEST = 80;

/** The help of the program, for the widths that most terminals have. */
export function helpSheet(): HelpSheet {
  const lines: string[] = [];
  const texts: Record<string, readonly number[]> = {};
  for (let width = NARROWEST; width <= WIDEST_HELP; width += 1) {
    texts[width] = helpIn(width)
      .split("\n")
      .map((line) => {
        const known = lines.indexOf(line);
        return known < 0 ? lines.push(line) - 1 : known;
      });
  }
  return { lines, texts };
}

function helpIn(width: number): string {
  const written: string[] = [];
  const write = (text: string): void => void written.push(text);
  wholeProgram({
    ...{ env: {}, cwd: "/", out: write, err: write, readStdin: async () => "" },
    ...{ outIsTty: true, errIsTty: false, width, errWidth: width, errHeight: 24 },
  }).outputHelp();
  return written.join("");
}
