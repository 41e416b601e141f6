/** What every command says where looptrace keeps nothing: what is missing, and the two commands to try. */

import { NO_OPENCODE, OpenCodeNotFoundError } from "../errors/opencode-not-found-error.js";
import { pathOfOpenCode } from "../opencode/program.js";
import type { Terminal } from "./terminal.js";

/** What a person may do about it. */
export const TRY: readonly (readonly [command: string, does: string])[] = [
  ['looptrace run "What is in this folder?"', "runs opencode with tracing on, and keeps the session"],
  ["looptrace ls --all", "keeps what opencode has of this directory's project"],
];

/** Why there is nothing, as far as was looked. */
export type Nothing =
  | "kept"
  /** opencode was asked, and has none of the directory's project either. */
  | "none-in-opencode"
  /** opencode is not there to ask. */
  | "no-opencode";

/** What is missing, and what to try, on lines of their own; without the last line's end. */
export function nothingKept(why: Nothing = "kept"): string {
  const width = Math.max(...TRY.map(([command]) => command.length));
  return [
    `${NOTHING_KEPT[why]} ${THEN[why]}`,
    ...TRY.map(([command, does]) => `  ${command.padEnd(width)}  ${does}`),
  ].join("\n");
}

/** What there is not. */
export const NOTHING_KEPT: Readonly<Record<Nothing, string>> = {
  kept: "No session is kept yet.",
  "none-in-opencode": "No session is kept yet, and opencode has none of this directory's project.",
  "no-opencode": "No session is kept yet, and there is no opencode to ask: `npm install -g opencode-ai` installs it.",
};

const THEN: Readonly<Record<Nothing, string>> = {
  kept: "Try one of these:",
  "none-in-opencode": "Try one of these, there or elsewhere:",
  "no-opencode": "Then try one of these:",
};

/** Whether what is to be tried needs an opencode that is not there. */
export function whyNothing({ cwd, env }: Pick<Terminal, "cwd" | "env">): Nothing {
  try {
    pathOfOpenCode({ directory: cwd, environment: env });
    return "kept";
  } catch (error) {
    return error instanceof OpenCodeNotFoundError && error.problem === NO_OPENCODE ? "no-opencode" : "kept";
  }
}
