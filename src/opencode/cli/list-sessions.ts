import { z } from "zod";
import { OpenCodeCommandError } from "../../errors/opencode-command-error.js";
import type { Generation } from "../program/generation.js";
import { type CommandOptions, readCommand } from "./read-command.js";

/** A session as `opencode session list` shows it. Times: epoch, ms. */
const sessionEntry = z.looseObject({
  id: z.string(),
  title: z.string().default(""),
  created: z.number(),
  updated: z.number(),
  directory: z.string().default(""),
  projectId: z.string().optional(),
});
export type SessionEntry = z.infer<typeof sessionEntry>;

/** opencode lists 100 when it is not told how many. */
const ALL = 1_000_000;

/**
 * The sessions of the project that the directory belongs to (all directories outside of git are one project), the last
 * updated first. Sessions of subagents are not among them.
 *
 * @param limit at most so many; all when not given
 * @param generation which opencode is asked; 2 prints the same, and would ask the service that its clients share
 * @throws {OpenCodeCommandError} when opencode fails, or prints something else
 */
export async function listSessions(
  options: CommandOptions,
  limit?: number,
  generation: Generation = 1,
): Promise<SessionEntry[]> {
  const own = generation === 2 ? ["--standalone"] : [];
  const listArguments = ["session", "list", ...own, "--format=json", `--max-count=${limit ?? ALL}`];
  const text = await readCommand(listArguments, options);
  // Without any session nothing is printed at all.
  if (text.trim() === "") return [];
  try {
    return z
      .array(sessionEntry)
      .parse(JSON.parse(text))
      .sort((a, b) => b.updated - a.updated);
  } catch (cause) {
    throw new OpenCodeCommandError(
      `opencode ${listArguments.join(" ")}`,
      `did not print a list of sessions as JSON: ${text.slice(0, 100)}`,
      "",
      { cause },
    );
  }
}
