import { RunRequestError } from "../../errors/run-request-error.js";
import { modelNote, projectConfigFile } from "../cli/list-models.js";
import type { CheckedRequest } from "../request/run-request.js";

/**
 * Refuses a model that opencode does not know: it would find that out with the prompt, and leave a turn without an
 * answer behind.
 *
 * @param listed as `provider/model`; with none nothing is known
 * @throws {RunRequestError} saying which was perhaps meant
 */
export function refuseUnknownModel(
  { model, directory, projectConfig = false }: CheckedRequest,
  listed: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): void {
  if (model === undefined || listed.length === 0 || listed.includes(model)) return;
  const unread = projectConfig ? undefined : projectConfigFile(directory, environment.OPENCODE_CONFIG);
  throw new RunRequestError("model", modelNote(model, listed, unread));
}
