import { adviceFor } from "../../errors/advice.js";
import type { ErrorFacts } from "../../errors/error-facts.js";
import type { ToolFailure } from "../../errors/tool-failure.js";
import type { Tool } from "../../trace/model.js";
import { toolFailureText } from "../../trace/tool-failure-text.js";
import type { ErrorEntry, Fact } from "./report-data.js";

type Place = Pick<ErrorEntry, "row" | "where" | "of">;

/** A typed error as the page lists it. */
export function errorEntry(facts: ErrorFacts, place: Place): ErrorEntry {
  const { code, message, ...state } = facts;
  const advice = adviceFor(facts);
  // The code and the message stand beside it already.
  const bare = advice.slice(`${code}: `.length, advice.length - ` (${message})`.length);
  return { ...place, code, message, advice: bare, state: stateFacts(state) };
}

/**
 * A tool's failure as the page lists it.
 *
 * @param directory the session's
 */
export function failureEntry(tool: Tool, failure: ToolFailure, directory: string, place: Place): ErrorEntry {
  // Its place names the tool.
  const { kind, tool: _, message, ...state } = failure;
  const said = toolFailureText(tool, directory) ?? message;
  return {
    ...place,
    code: kind,
    message: said,
    advice: null,
    state: stateFacts({ ...(said === message ? {} : { message }), ...state }),
  };
}

/** Fields by their names, `provider.requestId`; moments also as a date. */
function stateFacts(value: object, before = ""): Fact[] {
  return Object.entries(value).flatMap(([key, item]): Fact[] => {
    const name = `${before}${key}`;
    if (typeof item === "object" && item !== null) return stateFacts(item, `${name}.`);
    return [[name, key === "retryAt" && typeof item === "number" ? momentText(item) : String(item)]];
  });
}

function momentText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : `${ms} (${date.toISOString()})`;
}
