import { ConfigurationError } from "../errors/configuration-error.js";
import { plural } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";

/** Why there is nothing to show of what was sent to models, and what makes it be recorded. */
export function noRecording(sessions: readonly string[]): ConfigurationError {
  const [id = ""] = sessions;
  const which = sessions.length === 1 ? oneLine(id) : plural(sessions.length, "session");
  return new ConfigurationError(
    "wire",
    `What ${which} sent to the model was not recorded: it ran without looptrace, with --no-wire, or before looptrace recorded it. \`looptrace run\`, \`batch\` and \`worker\` record it by themselves; \`looptrace wire install\` has opencode's TUI record it too.`,
  );
}
