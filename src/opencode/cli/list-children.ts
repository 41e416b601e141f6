import { z } from "zod";
import { OpenCodeCommandError } from "../../errors/opencode-command-error.js";
import { isSessionId } from "../schema/ids.js";
import { type CommandOptions, readCommand } from "./read-command.js";

const rows = z.array(z.looseObject({ id: z.string(), parent_id: z.string() }));

/** `opencode session list` leaves them out, and only `task` tools name theirs: a plugin's stand in the store alone. */
const QUERY = "SELECT id, parent_id FROM session WHERE parent_id IS NOT NULL ORDER BY time_created, id";

/**
 * The sessions that were started by other sessions, of all projects, as opencode's own store has them.
 *
 * @returns the ids by that of the session that started them, in the order of their making
 * @throws {OpenCodeCommandError} when opencode fails, or prints something else
 */
export async function listChildren(options: CommandOptions): Promise<ReadonlyMap<string, readonly string[]>> {
  const text = await readCommand(["db", QUERY, "--format", "json"], options);
  const byParent = new Map<string, string[]>();
  for (const { id, parent_id: parent } of rowsIn(text)) {
    if (!isSessionId(id)) continue;
    const known = byParent.get(parent);
    if (known) known.push(id);
    else byParent.set(parent, [id]);
  }
  return byParent;
}

function rowsIn(text: string): z.output<typeof rows> {
  try {
    return rows.parse(JSON.parse(text));
  } catch (cause) {
    throw new OpenCodeCommandError(
      "opencode db",
      `did not print a list of sessions as JSON: ${text.slice(0, 100)}`,
      "",
      { cause },
    );
  }
}
