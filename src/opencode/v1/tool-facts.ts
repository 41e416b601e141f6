import type { ToolFacts } from "../../errors/tool-failure.js";
import type { ToolPart } from "../schema/session-export.js";
import { isProviderExecuted, providerArguments, providerResult } from "./provider-tools.js";

/**
 * The tool that the model asked for. Calls of unknown tools and with unparsable arguments are run by opencode as a
 * tool called `invalid`, whose input says which one was meant.
 */
export function wantedTool(part: ToolPart): string {
  if (part.tool !== "invalid") return part.tool;
  const input = part.state.input;
  const wanted = typeof input === "object" && input !== null && "tool" in input ? input.tool : undefined;
  return typeof wanted === "string" && wanted !== "" ? wanted : part.tool;
}

/** The arguments as opencode has them: parsed, or the raw text while they are still being written; null: none. */
export function toolArguments(part: ToolPart): unknown {
  if (isProviderExecuted(part)) return providerArguments(part);
  const { state } = part;
  return state.status === "pending" && state.raw ? state.raw : (state.input ?? null);
}

/** A tool's metadata without what stands in the output already: bash keeps its output twice, cut in either place. */
export function toolMetadata(part: ToolPart): Readonly<Record<string, unknown>> {
  if (part.state.status === "pending") return {};
  const { metadata = {} } = part.state;
  const told = part.state.status === "completed" ? part.state.output : undefined;
  // opencode makes the output of a provider's tool of its result.
  if (isProviderExecuted(part) && JSON.stringify(part.state.metadata) === told) return {};
  if (!("output" in metadata)) return metadata;
  const { output, ...rest } = metadata;
  const repeated =
    output === undefined ||
    output === "" ||
    (typeof output === "string" &&
      told !== undefined &&
      (part.tool === "bash" || told.includes(output) || output.includes(told)));
  return repeated ? rest : { ...rest, output };
}

/** A tool part as the classifier of failures reads it. */
export function toolFacts(part: ToolPart): ToolFacts {
  const { state } = part;
  const isProviders = isProviderExecuted(part);
  return {
    tool: isProviders ? wantedTool(part) : part.tool,
    isProviders,
    status: state.status,
    input: state.input,
    output: state.status === "completed" ? state.output : undefined,
    error: state.status === "error" ? state.error : undefined,
    metadata: state.status === "pending" ? undefined : isProviders ? providerResult(part) : state.metadata,
  };
}

/** What the model is told of a call: its output, or the error's text; null while there is neither. */
export function toolResultText({ state }: ToolPart): string | null {
  const told = state.status === "completed" ? state.output : state.status === "error" ? state.error : undefined;
  return told ?? null;
}
