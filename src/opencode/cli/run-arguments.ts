import { autoApproveOption } from "../program/opencode-version.js";
import type { CheckedRequest } from "../request/run-request.js";

/**
 * The arguments for `opencode run`. The message is not among them: opencode wraps quotes around a message with spaces,
 * takes one that begins with "-" for an option, and everybody could read it in `ps`. It goes in through standard input.
 *
 * Each value is written in one piece with its option, so that one which begins with "-" is not taken for another
 * option.
 *
 * @param agent the agent to run with, after the generated configuration had its say
 */
export function runArguments(request: CheckedRequest, version: string | null, agent: string | undefined): string[] {
  const values: readonly (readonly [string, string | undefined])[] = [
    // First, because it is a list to opencode: an argument of the caller's behind it would be taken for one more file.
    ...request.files.map((file) => ["file", file] as const),
    ["dir", request.directory],
    ["model", request.model],
    ["agent", agent],
    ["variant", request.variant],
    ["session", request.session],
    ["title", request.title],
    ["command", request.command],
  ];
  return [
    "run",
    "--format=json",
    "--print-logs",
    "--log-level=INFO",
    ...values.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`])),
    ...(request.continueLast ? ["--continue"] : []),
    ...(request.fork ? ["--fork"] : []),
    ...(request.permissions === "allow" ? [autoApproveOption(version)] : []),
    ...(request.extraArguments ?? []),
  ];
}
