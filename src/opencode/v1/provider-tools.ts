/**
 * Tools that the model's provider runs by itself while the model answers, such as its own web search. opencode only
 * writes down that they ran. Most have no place among its tools, so their calls stand there as its tool `invalid`,
 * without the arguments; what was asked for then follows from the result, as far as that repeats it.
 */
import { isFields } from "../../text/json-fields.js";
import type { ToolPart } from "../schema/session-export.js";

/** Anthropic's own ids of calls that its servers run; opencode before 1.17 notes nothing else of them. */
const SERVER_CALL = "srvtoolu_";
const SMALL_S = 115;

export function isProviderExecuted(part: ToolPart): boolean {
  const { metadata, callID } = part;
  // Asked some times for each tool, and of most ids the first letter tells.
  return metadata?.providerExecuted === true || (callID.charCodeAt(0) === SMALL_S && callID.startsWith(SERVER_CALL));
}

/** What the provider's tool was asked for; null where neither the call nor its result tells. */
export function providerArguments(part: ToolPart): unknown {
  const { input } = part.state;
  // What opencode's `invalid` was given is opencode's own.
  const own = part.tool === "invalid" || isEmpty(input) ? null : input;
  if (own !== null) return own;
  const { action, queries, arguments: args, type, url } = providerResult(part);
  if (isFields(action)) return action;
  if (Array.isArray(queries)) return { queries };
  if (typeof args === "string" || isFields(args)) return parsed(args);
  return type === "web_fetch_result" && typeof url === "string" ? { url } : null;
}

/** The provider's result as it came; empty where it is no object. */
export function providerResult({ state }: ToolPart): Readonly<Record<string, unknown>> {
  if (state.status !== "completed") return {};
  const { metadata = {}, output = "" } = state;
  if (Object.keys(metadata).length > 0) return metadata;
  const value = output.startsWith("{") ? parsed(output) : undefined;
  return isFields(value) ? value : {};
}

/** The label of an MCP server that the provider called for the model, in the result or in the call's metadata. */
export function providerServer(part: ToolPart): string | null {
  const { serverLabel } = providerResult(part);
  if (typeof serverLabel === "string" && serverLabel !== "") return serverLabel;
  for (const about of Object.values(part.metadata ?? {})) {
    const name = isFields(about) ? about.serverName : undefined;
    if (typeof name === "string" && name !== "") return name;
  }
  return null;
}

function isEmpty(input: unknown): boolean {
  if (input === undefined || input === null || input === "") return true;
  return isFields(input) && Object.keys(input).length === 0;
}

function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
