import { readFileSync } from "node:fs";

/**
 * What `looptrace --help` says, for the widths that most terminals have. The build takes it from the program
 * (`write-help-sheet.ts`): to make it takes longer than all else that `--help` does.
 */
export interface HelpSheet {
  /** All lines, each once. */
  readonly lines: readonly string[];
  /** Which of them a text consists of, by its width. */
  readonly texts: Readonly<Record<string, readonly number[]>>;
}

/** Its file, beside those of the command line. */
export const HELP_FILE = "help.json";

/** @returns undefined where it was not made for that width, and where it is not there, as in the sources */
export function builtHelp(width: number): string | undefined {
  try {
    // Read as it is: a schema would take longer than all else, and the build has written it.
    return helpText(JSON.parse(readFileSync(new URL(HELP_FILE, import.meta.url), "utf8")), width);
  } catch {
    return undefined;
  }
}

export function helpText({ lines, texts }: HelpSheet, width: number): string | undefined {
  return texts[width]?.map((line) => lines[line]).join("\n");
}
