import { callLabel, type WireRequest } from "../analysis/wire-requests.js";
import { ConfigurationError } from "../errors/configuration-error.js";
import { oneLine } from "../text/terminal-text.js";

/** A number, or a name as it stands in the column `for`. */
const WORD = /^(?:\d{1,9}|(?:\S.* )?(?:llm-call-\d+|retry \d+ of step \d+)|title|compaction|generate)$/;

/** Whether a word can only mean a request, and no session. */
export function namesRequest(word: string): boolean {
  return WORD.test(word);
}

/**
 * The number of the request that is meant.
 *
 * @param wanted its number, or its name in the list; a subagent's with its agent before it
 * @param flag what it was said with
 * @throws {ConfigurationError} when there is none, or several have that name
 */
export function requestNumber(requests: readonly WireRequest[], wanted: string, flag: string): number {
  const known = requests.length === 1 ? "one, request 0" : `requests 0 to ${requests.length - 1}`;
  if (/^\d{1,9}$/.test(wanted)) {
    const number = Number(wanted);
    if (requests[number]) return number;
    throw new ConfigurationError(flag, `There is no request ${number}: the session has ${known}.`);
  }
  const labelled = requests.filter((request) => callLabel(request) === wanted);
  // Without its agent and its turn a name is enough where only one request has it.
  const found = labelled.length > 0 ? labelled : requests.filter(({ name }) => name === wanted);
  const [only] = found;
  if (only && found.length === 1) return only.number;
  const name = oneLine(wanted);
  if (!only) {
    throw new ConfigurationError(
      flag,
      `There is no request "${name}": the session has ${known}.\nGive a number, or a name from the column "for" of \`looptrace wire\`.`,
    );
  }
  const each = found.map((request) => `${request.number} (${oneLine(callLabel(request))})`).join(", ");
  throw new ConfigurationError(flag, `"${name}" could be several requests.\nSay which of ${each}.`);
}
