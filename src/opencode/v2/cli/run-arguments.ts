import { RunRequestError } from "../../../errors/run-request-error.js";
import type { CheckedRequest } from "../../request/run-request.js";

/**
 * The arguments for `opencode run` of the second generation, with a server of its own: without `--standalone` it would
 * start the service that opencode shares among its clients, and leave it running. The message is not among them: it
 * goes in through standard input, where no quotes are put around it. The project is the working directory.
 *
 * @param agent the agent to run with, after the generated configuration had its say
 * @throws {RunRequestError} for what only a server can do
 */
export function runArguments2(request: CheckedRequest, agent: string | undefined): string[] {
  const { model, variant, command } = request;
  if (command !== undefined)
    throw new RunRequestError("command", "needs the driver server: `opencode run` of opencode 2 has no way to say it.");
  if (variant !== undefined && model === undefined)
    throw new RunRequestError(
      "variant",
      "needs a model beside it, or the driver server: opencode 2 names both as one.",
    );
  const chosen = model === undefined || variant === undefined ? model : `${model.replace(/#.*$/s, "")}#${variant}`;
  const values: readonly (readonly [string, string | undefined])[] = [
    ...request.files.map((file) => ["file", file] as const),
    ["model", chosen],
    ["agent", agent],
    ["session", request.session],
    ["title", request.title],
  ];
  return [
    "run",
    "--standalone",
    "--format=json",
    ...values.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`])),
    ...(request.continueLast ? ["--continue"] : []),
    ...(request.fork ? ["--fork"] : []),
    ...(request.permissions === "allow" ? ["--auto"] : []),
    ...(request.extraArguments ?? []),
  ];
}
