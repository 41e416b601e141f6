/** What stands on the right of the tree's rows: what a reader recognises each of them by. */

import { cost, count, duration, plural } from "../text/format.js";
import { fieldsOf } from "../text/json-fields.js";
import { oneLine } from "../text/terminal-text.js";
import { doomLoopText } from "../trace/doom-loop-text.js";
import type { Call, InnerCall, Loop, ModelFacts, OtherCall, Retry, StepEvent, Tool } from "../trace/model.js";
import { isUnknown } from "../trace/other-call-usage.js";
import { toolFailureText, withoutDirectory } from "../trace/tool-failure-text.js";
import { isCommand } from "./loop-parts.js";

/** No line shows more; what lies beyond need not be cleaned. */
const MOST_TEXT = 400;

/**
 * A turn by its prompt, a subagent by its agent too. Of how it failed the code is enough where the whole error can be
 * read elsewhere: on the call that failed, and for the turn itself below the tree.
 *
 * @param root the turn's own loop
 */
export function loopText(loop: Loop, root: boolean): string {
  const { error } = loop;
  const toldBelow = loop.steps.some(({ call }) => call?.error && call.error.message === error?.message);
  const told = joined(error && (root || toldBelow ? error.code : errorText(error)), quoted(promptOf(loop)));
  if (root) return told;
  const agent = loop.agent === null ? "" : `${oneLine(loop.agent)}: `;
  return joined(`${agent}${told}`, ...loop.notes.map(oneLine));
}

export function callText(call: Call): string {
  if (call.error) return errorText(call.error);
  const asked = call.output.toolCalls.map(({ name }) => name).join(", ");
  return joined(
    doubtWord(call),
    quoted(call.output.text ?? call.output.thinking ?? ""),
    asked === "" ? undefined : `→ ${oneLine(asked.slice(0, MOST_TEXT))}`,
  );
}

/** What a call beside the steps was for. */
export function purposeText(kind: OtherCall["kind"]): string {
  switch (kind) {
    case "title":
      return "for the session's title";
    case "compaction":
      return "to sum up the conversation";
    case "unknown":
      return "not in the session: a title, a compaction, a missing subagent or what a call of unknown usage took";
    default:
      return kind satisfies never;
  }
}

/** The same, and what it wrote where that is known. */
export function otherCallText(call: OtherCall): string {
  return joined(purposeText(call.kind), isUnknown(call) ? "tokens unknown" : "", quoted(call.output?.text ?? ""));
}

function doubtWord({ usageDoubt: doubt }: Call): string {
  if (!doubt) return "";
  if (doubt.kind === "unknown") return "tokens unknown";
  return doubt.kind === "partial" ? `${doubt.unsure.join(" and ")} unknown` : "tokens contradict each other";
}

/** How long the model's first content was waited for; as exact as the call's own time. */
export function firstTokenText({ error, firstTokenAt, start, timing }: Call): string {
  if (error || firstTokenAt === null) return "";
  return `first token ${timing === "exact" ? "" : "~"}${duration(firstTokenAt - start)}`;
}

/** What a tool's row is made of. */
type ToolWords = Pick<Tool, "input" | "failure" | "notes" | "title">;

/**
 * A tool call is recognised by its title, else by its arguments. Of one that failed stands what it was called for and
 * how it failed; what is not known of it comes first where it did not.
 *
 * @param directory the session's
 */
export function toolText(tool: ToolWords, directory: string): string {
  const failed = toolFailureText(tool, directory)?.slice(0, MOST_TEXT).toWellFormed();
  return joined(failed, ...tool.notes.map(oneLine), failed ? "" : toolTitle(tool, directory));
}

/** A call of a script's by its arguments; that it failed comes first. */
export function innerCallText({ outcome, input }: InnerCall): string {
  const asked = input === null ? "" : oneLine((JSON.stringify(input) ?? "").slice(0, MOST_TEXT));
  return joined(outcome === "completed" ? undefined : outcome, asked);
}

export function retryText(retry: Retry): string {
  return retry.error ? errorText(retry.error) : "the stream broke off";
}

/** Many dead attempts by why they died: `rate_limit 240 times, server_error 7 times`. */
export function retriesText(retries: readonly Retry[]): string {
  const times = new Map<string, number>();
  for (const { error } of retries) {
    const why = error?.code ?? "the stream broke off";
    times.set(why, (times.get(why) ?? 0) + 1);
  }
  return [...times].map(([why, much]) => `${why} ${plural(much, "time")}`).join(", ");
}

export function eventText({ name, attributes }: StepEvent): string {
  switch (name) {
    case "compaction":
      return compactionText(attributes);
    case "doom-loop": {
      const what = attributes.tool === undefined ? attributes.answer : attributes.arguments;
      const more = what === undefined || what === "" ? (attributes.tool ? "" : attributes.lastError) : what;
      return oneLine(`${doomLoopText(attributes)}${more ? `: ${more}` : ""}`.slice(0, MOST_TEXT));
    }
    case "cache-break":
      return cacheBreakText(attributes);
    case "plan": {
      const { file, todos, completed, current } = attributes;
      if (file !== undefined) return oneLine(String(file).slice(0, MOST_TEXT));
      const now = current === undefined ? "" : `, now: ${String(current).slice(0, MOST_TEXT)}`;
      return oneLine(`${completed} of ${todos} done${now}`);
    }
    case "permission":
      return permissionText(attributes);
    case "skill":
      return lineOf(attributes.skill);
    case "agent-switched":
      return switchedText(attributes.agent, attributes.previous);
    case "model-switched":
      return switchedText(attributes.model, attributes.previous);
    case "location-switched":
      return switchedText(attributes.directory, attributes.previous);
    case "system":
      return joined("the instructions changed", lineOf(attributes.description));
    default:
      return name satisfies never;
  }
}

function compactionText({ auto, overflow, outcome, error, durationMs, tokens }: StepEvent["attributes"]): string {
  const why =
    overflow === true
      ? "a request was larger than the model's context"
      : auto === true
        ? "automatic: the context was nearly full"
        : "on request";
  return joined(
    outcome === undefined || outcome === "completed" ? undefined : String(outcome),
    why,
    lineOf(error),
    typeof tokens === "number" ? `${count(tokens)} tokens` : undefined,
    typeof durationMs === "number" ? duration(durationMs) : undefined,
  );
}

/** How much was read anew, what that cost more, and why where the request tells it; a narrow line cuts the end. */
function cacheBreakText({ cause, tokensReadAnew, costUsd }: StepEvent["attributes"]): string {
  const price = typeof costUsd === "number" ? ` (${cost(costUsd)} more than from the cache)` : "";
  const read = `${plural(Number(tokensReadAnew), "token")} read anew${price}`;
  return cause === undefined ? read : `${read}: ${lineOf(cause)}`;
}

/** What is used from now on, and what was until then. */
function switchedText(now: unknown, before: unknown): string {
  return `${before === undefined ? "" : `${lineOf(before)} → `}${lineOf(now)}`;
}

function lineOf(text: unknown): string {
  return text === undefined ? "" : oneLine(String(text).slice(0, MOST_TEXT));
}

const ANSWERS: Readonly<Record<string, string>> = {
  once: "allowed once",
  always: "allowed from now on",
  reject: "rejected",
};

function permissionText({ permission, patterns, answer, by, waitedMs }: StepEvent["attributes"]): string {
  const what = Array.isArray(patterns) ? patterns.join(", ").slice(0, MOST_TEXT) : "";
  const waited = duration(Number(waitedMs));
  const answered = ANSWERS[String(answer)];
  const policy = by === "policy" ? " by policy" : "";
  const how = answered === undefined ? `no answer in ${waited}` : `${answered}${policy} after ${waited}`;
  return joined(how, oneLine(`${permission}${what === "" ? "" : `: ${what}`}`));
}

/** How much of a tool's time went by before it was allowed to begin; empty where it did not ask. */
export function permissionWaitText({ permissionWaitMs }: Tool): string {
  return permissionWaitMs === null ? "" : `waited ${duration(permissionWaitMs)} for permission`;
}

/**
 * Its title, else its arguments, in at most 400 characters.
 *
 * @param directory the session's
 */
export function toolTitle(tool: Pick<Tool, "input" | "title">, directory: string): string {
  if (tool.title) return oneLine(withoutDirectory(tool.title, directory).slice(0, MOST_TEXT));
  if (tool.input === null) return "";
  const input = typeof tool.input === "string" ? tool.input : (JSON.stringify(tool.input) ?? "");
  return oneLine(input.slice(0, MOST_TEXT));
}

/** What the person asked for, or the command that the person ran behind a `!`; each text in `most` characters. */
export function promptOf(loop: Loop, most = MOST_TEXT): string {
  const command = isCommand(loop) ? loop.steps[0]?.tools[0] : undefined;
  if (command) return `!${commandText(command.input)}`.slice(0, most);
  const first = loop.input[0];
  if (!first) return "";
  if (typeof first.content === "string") return first.content;
  return first.content
    .map((part) => (part.type === "text" && !part.synthetic ? part.text.slice(0, most) : ""))
    .join(" ");
}

function commandText(input: unknown): string {
  const { command } = fieldsOf(input);
  return typeof command === "string" ? command : (JSON.stringify(input) ?? "");
}

/** `provider/model`, with the variant where there is one. */
export function modelName(model: ModelFacts | null): string | null {
  if (!model) return null;
  const { providerId, modelId, variant } = model;
  return `${providerId}/${modelId}${variant === null ? "" : ` (${variant})`}`;
}

function errorText({ code, message }: { readonly code: string; readonly message: string }): string {
  return `${code}: ${oneLine(message.slice(0, MOST_TEXT))}`;
}

function quoted(text: string): string {
  const line = oneLine(text.slice(0, MOST_TEXT));
  return line === "" ? "" : `“${line}”`;
}

function joined(...texts: readonly (string | null | undefined)[]): string {
  return texts.filter(Boolean).join(" · ");
}
