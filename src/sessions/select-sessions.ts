import { refuseUntrustedStore } from "../files/trusted-store.js";
import { listStored } from "../opencode/commands.js";
import { withOpenCode } from "../opencode/program.js";
import type { LoadOptions } from "./load-options.js";
import { lastStoredSession } from "./stored-files.js";

/** Which of opencode's sessions are meant where none is named. */
export type Selection =
  | { readonly kind: "last" }
  | { readonly kind: "all" }
  /** Updated since then, ms since the epoch. */
  | { readonly kind: "since"; readonly at: number };

/**
 * The sessions that a selection means: opencode's own, and for `last` with `prefer: "kept"` the one stored last.
 *
 * @returns session ids, the last updated first
 */
export async function selectSessions(selection: Selection, options: LoadOptions): Promise<readonly string[]> {
  refuseUntrustedStore(options.paths);
  if (selection.kind === "last" && options.prefer === "kept") {
    const stored = await lastStoredSession(options.paths);
    if (stored !== undefined) return [stored];
  }
  return withOpenCode(options, async ({ opencode, generation, folder }) => {
    const { environment, directory } = options;
    const limit = selection.kind === "last" ? 1 : undefined;
    const since = selection.kind === "since" ? selection.at : undefined;
    const command = { path: opencode.path, generation, folder, environment, directory };
    return (await listStored({ ...command, limit, since })).map(({ id }) => id);
  });
}
