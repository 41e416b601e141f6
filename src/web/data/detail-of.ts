import { phaseName, phaseText } from "../../analysis/phase-texts.js";
import { modelName } from "../../analysis/row-texts.js";
import type { RowSource } from "../../analysis/tree-rows.js";
import { bytesText, cost, count, duration, UNKNOWN } from "../../text/format.js";
import type {
  Call,
  CallOutput,
  ChatMessage,
  ContentPart,
  FileFacts,
  InnerCall,
  Loop,
  OtherCall,
  OwnPhase,
  Retry,
  Step,
  StepEvent,
  Tool,
  WireFacts,
} from "../../trace/model.js";
import { promptTokens, sureUsageOf, usageOfHalf } from "../../trace/usage.js";
import type { Detail, Fact, Section } from "./report-data.js";

/** What the panel shows of a row. @param start the trace's, ms since the epoch */
export function detailOf(source: RowSource, start: number): Detail {
  switch (source.kind) {
    case "loop":
      return loopDetail(source.loop);
    case "step":
      return stepDetail(source.step);
    case "call":
      return callDetail(source.call);
    case "other-call":
      return otherCallDetail(source.call);
    case "tool":
      return toolDetail(source.tool);
    case "inner-call":
      return innerCallDetail(source.call);
    case "retries":
      return retryDetail(source.retries);
    case "event":
      return eventDetail(source.event, start);
    case "phase":
      return phaseDetail(source.phase);
    default:
      return source satisfies never;
  }
}

function loopDetail(loop: Loop): Detail {
  return {
    facts: [
      ...timeFacts(loop),
      ["outcome", loop.outcome],
      ...named("agent", loop.agent),
      ...named("model", modelName(loop.model)),
      ["session", loop.sessionId],
      ...named("attempt", loop.run && `${loop.run.attempt} of run ${loop.run.id}`),
      // Outside of the loop's time, so that it has no row.
      ...loop.around.map(
        ({ kind, start, end }): Fact => [
          `${start < loop.start ? "before" : "after"} it, ${phaseName(kind)}`,
          duration(end - start),
        ],
      ),
      ...notesOf(loop.notes),
    ],
    sections: [...inputSections(loop.input), ...outputSection("Final response", loop.output)],
  };
}

function stepDetail(step: Step): Detail {
  const { account, patches } = step;
  return {
    facts: [
      ...timeFacts(step),
      ["outcome", step.recovered ? `${step.outcome}, after a failure` : step.outcome],
      ["kind", step.kind],
      ...named("agent", step.agent),
      ["model", duration(account.model)],
      ["tools", duration(account.tools)],
      ...named("waiting for permission", account.waiting > 0 ? duration(account.waiting) : null),
      ...named("retries", account.retries > 0 ? duration(account.retries) : null),
      ["opencode itself", duration(account.other)],
      ...notesOf(step.notes),
    ],
    sections: patches.map(({ hash, files }) => code(`Files changed, by snapshot ${hash}`, files.join("\n"))),
  };
}

function phaseDetail(phase: OwnPhase): Detail {
  return {
    facts: [...timeFacts(phase), ["opencode", phaseText(phase.kind)], ["told by", phase.evidence]],
    sections: [],
  };
}

function callDetail(call: Call): Detail {
  const { usageDoubt, cumulative, outputTokensPerSecond: speed } = call;
  const [read, written] = [usageOfHalf("prompt", call), usageOfHalf("output", call)];
  const { cacheHitRatio, contextGrowth, contextTokens } = cumulative;
  return {
    facts: [
      ...timeFacts(call),
      ...named("first token after", call.firstTokenAt === null ? null : duration(call.firstTokenAt - call.start)),
      ["outcome", call.outcome],
      ...named("finish", call.finish),
      ["model", modelName(call.model) ?? "unknown"],
      ...named("agent", call.agent),
      ...named("mode", call.mode),
      ...named("prompt", read && `${count(promptTokens(read))} tokens`),
      ...named("from the cache", read && count(read.cacheRead)),
      ...named("written to the cache", read && count(read.cacheWrite)),
      ...named("output", written && count(written.output)),
      ...named("reasoning", written && count(written.reasoning)),
      ...named("context after it", sureUsageOf("prompt", call) ? `${count(contextTokens)} tokens` : null),
      ...named("tokens", read || written ? null : "opencode recorded none"),
      ...notesOf(usageDoubt ? [usageDoubt.reason] : []),
      ...named("context grew by", contextGrowth === null ? null : signed(contextGrowth)),
      ...named("cache hits", cacheHitRatio === null ? null : `${Math.round(cacheHitRatio * 100)}%`),
      ...named("speed", speed === null ? null : `${count(speed)} tokens/s`),
      ["cost", cost(call.cost)],
      ...wireFacts(call.wire),
    ],
    sections: [...inputSections(call.input), ...callOutputSections(call.output), ...headerSection(call.wire)],
  };
}

function otherCallDetail(call: OtherCall): Detail {
  const { usage } = call;
  return {
    facts: [
      ...timeFacts(call),
      ["for", call.kind],
      ...named("model", modelName(call.model)),
      ...named("prompt", usage && `${count(promptTokens(usage))} tokens`),
      ...named("from the cache", usage && count(usage.cacheRead)),
      ...named("written to the cache", usage && count(usage.cacheWrite)),
      ...named("output", usage && count(usage.output)),
      ...named("reasoning", usage && count(usage.reasoning)),
      ...named("tokens", usage ? null : UNKNOWN),
      ["cost", cost(call.cost)],
      ...wireFacts(call.wire),
    ],
    sections: [...(call.output ? callOutputSections(call.output) : []), ...headerSection(call.wire)],
  };
}

/** Of several the times, and what all of them brought. */
function retryDetail(retries: readonly Retry[]): Detail {
  return {
    facts: retries.flatMap((retry): Fact[] => [
      ...timeFacts(retry),
      ["attempt", String(retry.attempt)],
      ...wireFacts(retry.wire),
    ]),
    sections: retries.flatMap(({ output, wire }) => [...callOutputSections(output), ...headerSection(wire)]),
  };
}

/** What the wire tells of a request. */
function wireFacts(wire: WireFacts | undefined): Fact[] {
  if (!wire) return [];
  const { status, requestId, requestBytes, responseBytes, sentAt, headersAt, firstByteAt } = wire;
  const after = (at: number | null): string | null => (at === null ? null : duration(Math.max(0, at - sentAt)));
  return [
    ["HTTP status", status === null ? "no answer" : String(status)],
    ...named("request id", requestId),
    ["request", bytesText(requestBytes)],
    ["answer", bytesText(responseBytes)],
    ...named("headers after", after(headersAt)),
    ...named("first byte after", after(firstByteAt)),
  ];
}

function headerSection(wire: WireFacts | undefined): Section[] {
  return wire && Object.keys(wire.headers).length > 0 ? [json("Headers of the answer", wire.headers)] : [];
}

function toolDetail(tool: Tool): Detail {
  const { diff, rest } = metadataOf(tool);
  return {
    facts: [
      ...timeFacts(tool),
      ["status", tool.status],
      ...named("title", tool.title),
      ...named("waited for permission", tool.permissionWaitMs === null ? null : duration(tool.permissionWaitMs)),
      ...named("MCP server", tool.server),
      ...named("run by", tool.origin === "provider" ? "the model's provider" : null),
      ...named("subagent's session", tool.childSessionId),
      ["call id", tool.callId],
      ...notesOf(tool.notes),
    ],
    sections: [
      json("Arguments", tool.input),
      ...(diff === null ? [] : [{ title: "Change", form: "diff", text: diff } as const]),
      ...(tool.output === null ? [] : [code("Result", tool.output)]),
      ...fileSections(tool.attachments),
      ...(Object.keys(rest).length === 0 ? [] : [json("Metadata", rest)]),
    ],
  };
}

function innerCallDetail(call: InnerCall): Detail {
  return {
    facts: [
      ["called by", "the script of the tool above"],
      ["took", call.durationMs === null ? "not recorded" : duration(call.durationMs)],
      ["outcome", call.outcome],
      ...named("MCP server", call.server),
    ],
    sections: [json("Arguments", call.input)],
  };
}

function eventDetail({ name, at, attributes }: StepEvent, start: number): Detail {
  const facts = name === "permission" ? permissionFacts(attributes) : Object.entries(attributes).map(attributeFact);
  return { facts: [["at", duration(at - start)], ...facts], sections: [] };
}

function attributeFact([name, value]: [string, StepEvent["attributes"][string]]): Fact {
  return [name, String(value)];
}

function permissionFacts({ patterns, askedAt, waitedMs, callId, ...said }: StepEvent["attributes"]): readonly Fact[] {
  return [
    ["asked", new Date(Number(askedAt)).toISOString()],
    ["waited", duration(Number(waitedMs))],
    ...Object.entries(said).map(attributeFact),
    ...(Array.isArray(patterns) ? patterns.map((pattern): Fact => ["pattern", String(pattern)]) : []),
    ...named("call id", callId === undefined ? null : String(callId)),
  ];
}

/** Of a tool's metadata these repeat its result in another form. */
const REPEATED = new Set(["preview", "display", "filediff"]);

function metadataOf({ metadata, output }: Tool): { readonly diff: string | null; readonly rest: object } {
  const { diff } = metadata;
  const isDiff = typeof diff === "string" && diff !== "";
  const rest = Object.entries(metadata).filter(
    ([key, value]) => !REPEATED.has(key) && !(key === "diff" && isDiff) && !(key === "output" && value === output),
  );
  return { diff: isDiff ? diff : null, rest: Object.fromEntries(rest) };
}

function timeFacts({ start, end, timing }: Pick<Loop, "start" | "end" | "timing">): Fact[] {
  const took = `${timing === "exact" ? "" : "~"}${duration(end - start)}`;
  return [
    ["began", new Date(start).toISOString()],
    ["took", took],
  ];
}

function named(label: string, value: string | null): Fact[] {
  return value === null || value === "" ? [] : [[label, value]];
}

function notesOf(notes: readonly string[]): Fact[] {
  return notes.map((note) => ["note", note]);
}

function signed(tokens: number): string {
  return `${tokens < 0 ? "−" : "+"}${count(Math.abs(tokens))} tokens`;
}

function inputSections(messages: readonly ChatMessage[]): Section[] {
  return messages.flatMap((message): Section[] => {
    if (message.role === "tool") {
      const failed = message.is_error ? ", an error" : "";
      return [
        code(`Input: result of ${message.name}${failed}`, message.content),
        ...fileSections(message.attachments ?? []),
      ];
    }
    if (typeof message.content === "string") return [prose("Input: user", message.content)];
    return message.content.flatMap(partSections);
  });
}

function partSections(part: ContentPart): Section[] {
  switch (part.type) {
    case "text":
      return [prose(part.synthetic ? "Input: opencode, as the user" : "Input: user", part.text)];
    case "file":
      return fileSections([part]);
    case "compaction":
      return [prose("Input: compaction", part.auto ? "automatic: the context was nearly full" : "asked for")];
    case "subtask":
      return [prose(`Input: subtask for ${part.agent}`, part.prompt)];
    default:
      return part satisfies never;
  }
}

function callOutputSections({ thinking, text, toolCalls }: CallOutput): Section[] {
  return [
    ...(thinking === null ? [] : [prose("Thinking", thinking)]),
    ...(text === null ? [] : [prose("Text", text)]),
    ...toolCalls.map(({ name, arguments: value }) => json(`Tool call: ${name}`, value)),
  ];
}

function outputSection(title: string, output: unknown): Section[] {
  if (output === null || output === undefined || output === "") return [];
  return [typeof output === "string" ? prose(title, output) : json(title, output)];
}

function prose(title: string, text: string): Section {
  return { title, form: "text", text };
}

function code(title: string, text: string): Section {
  return { title, form: "code", text };
}

function json(title: string, value: unknown): Section {
  return { title, form: "value", value };
}

/** Only what a file is: its bytes would make the page large, and are not to be shown. */
function fileSections(files: readonly FileFacts[]): Section[] {
  return files.map(({ mime, filename, url }) => {
    const where = url.startsWith("data:") ? `in the session, ${count(url.length)} characters` : url;
    return code(`File: ${filename ?? mime}`, `${mime}\n${where}`);
  });
}
