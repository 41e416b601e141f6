import { RunRequestError } from "../../errors/run-request-error.js";
import { nearest } from "../../text/nearest.js";
import { projectConfigFile } from "../cli/list-models.js";
import type { CheckedRequest } from "../request/run-request.js";

/**
 * Refuses an agent that opencode does not have, or has for subagents only: it would answer with another one.
 *
 * @param listed those that can be asked; with none nothing is known
 * @throws {RunRequestError} saying which was perhaps meant
 */
export function refuseUnknownAgent(
  { agent, directory, projectConfig = false }: CheckedRequest,
  listed: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): void {
  if (agent === undefined || listed.length === 0 || listed.includes(agent)) return;
  const meant = nearest(agent, listed);
  const hint = meant === undefined ? "" : ` Did you mean ${JSON.stringify(meant)}?`;
  const unread = projectConfig ? undefined : projectConfigFile(directory, environment.OPENCODE_CONFIG);
  const elsewhere =
    unread === undefined ? "" : ` ${unread} was not read: projectConfig (--project-config) lets opencode read it.`;
  throw new RunRequestError(
    "agent",
    `opencode has no agent ${JSON.stringify(agent)}, or has it for subagents only (\`opencode agent list\` shows them).${hint}${elsewhere}`,
  );
}
