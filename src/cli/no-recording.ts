import { ConfigurationError } from "../errors/configuration-error.js";
import { plural } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";
import type { Terminal } from "./terminal.js";

/** Of more sessions their number is said. */
const MOST_NAMED = 3;

/**
 * Says which of several sessions were not recorded, so that none vanishes without a word.
 *
 * @param so where they are missing, such as `in no figure`
 */
export function tellUnrecorded(sessions: readonly string[], so: string, terminal: Terminal): void {
  if (sessions.length > MOST_NAMED) {
    terminal.err(`note: ${plural(sessions.length, "session")} were not recorded: they are ${so}\n`);
    return;
  }
  for (const id of sessions) terminal.err(`note: ${oneLine(id)} was not recorded: it is ${so}\n`);
}

/** Why there is nothing to show of what was sent to models, and what makes it be recorded. */
export function noRecording(sessions: readonly string[]): ConfigurationError {
  const [id = ""] = sessions;
  const which = sessions.length === 1 ? oneLine(id) : plural(sessions.length, "session");
  return new ConfigurationError(
    "wire",
    `What ${which} sent to the model was not recorded: it ran without looptrace, with --no-wire, or before looptrace recorded it. \`looptrace run\`, \`batch\` and \`worker\` record it by themselves; \`looptrace wire install\` has opencode's TUI record it too.`,
  );
}
