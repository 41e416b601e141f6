import { errorObjectOf } from "../../../errors/opencode2-error.js";
import { fieldsOf, isFields } from "../../../text/json-fields.js";
import { type RunEvent, readRunEventJson } from "../../schema/run-event.js";

/**
 * Reads one line of what `opencode run --format json` of the second generation writes, which is nearly what the first
 * does; undefined for anything that is not an event which looptrace knows.
 */
export function readRunEvent2(line: string): RunEvent | undefined {
  if (!line.startsWith("{")) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isFields(json)) return undefined;
  const { sessionID, part, error, ...rest } = json;
  return readRunEventJson({
    ...rest,
    // A run that came to no session names the empty one.
    ...(sessionID === "" ? {} : { sessionID }),
    ...(isFields(part) ? { part: partOf(part) } : {}),
    ...(error === undefined ? {} : { error: errorObjectOf(error) }),
  });
}

function partOf(part: ReturnType<typeof fieldsOf>): object {
  if (part.type !== "tool") return part;
  const { id, callID = id, partID = id, state } = part;
  const metadata = fieldsOf(state).metadata;
  const { providerCall } = fieldsOf(metadata);
  const isProviders = fieldsOf(providerCall).executed === true;
  return { ...part, id: partID, callID, ...(isProviders ? { metadata: { providerExecuted: true } } : {}) };
}
