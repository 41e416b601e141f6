import { ConfigurationError } from "../errors/configuration-error.js";
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
 * @throws {ConfigurationError} where there is no last one, and looptrace keeps one of another project
 */
export async function selectSessions(selection: Selection, options: LoadOptions): Promise<readonly string[]> {
  refuseUntrustedStore(options.paths);
  if (selection.kind === "last" && options.prefer === "kept") {
    const stored = await lastStoredSession(options.paths);
    if (stored !== undefined) return [stored];
  }
  const found = await withOpenCode(options, async ({ opencode, generation, folder }) => {
    const { environment, directory } = options;
    const limit = selection.kind === "last" ? 1 : undefined;
    const since = selection.kind === "since" ? selection.at : undefined;
    const command = { path: opencode.path, generation, folder, environment, directory };
    const listed = await listStored({ ...command, limit, since });
    options.onListed?.(listed);
    return listed.map(({ id }) => id);
  });
  if (selection.kind === "last" && found.length === 0) await refuseWithKept(options);
  return found;
}

/** @throws {ConfigurationError} that names a session which ran elsewhere, where looptrace keeps one */
async function refuseWithKept({ paths, directory }: LoadOptions): Promise<void> {
  const kept = await lastStoredSession(paths);
  if (kept === undefined) return;
  throw new ConfigurationError(
    "--last",
    `opencode has no session of ${directory} yet. The last one that looptrace keeps ran elsewhere: name it, ${kept}.`,
  );
}
