import { modelName } from "../../analysis/row-texts.js";
import { cost, count, duration } from "../../text/format.js";
import type {
  Call,
  CallOutput,
  ChatMessage,
  ContentPart,
  FileFacts,
  InnerCall,
  Loop,
  Retry,
  Step,
  StepEvent,
  Tool,
} from "../../trace/model.js";
import { promptTokens, sureUsageOf, usageOfHalf } from "../../trace/usage.js";
import type { Detail, Fact, Section } from "./report-data.js";

/** What the panel shows of a turn or a subagent's run. */
export function loopDetail(loop: Loop): Detail {
  return {
    facts: [
      ...timeFacts(loop),
      ["outcome", loop.outcome],
      ...named("agent", loop.agent),
      ...named("model", modelName(loop.model)),
      ["session", loop.sessionId],
      ...(loop.run ? [["attempt", `${loop.run.attempt} of run ${loop.run.id}`] as const] : []),
      ...notesOf(loop.notes),
    ],
    sections: [...inputSections(loop.input), ...outputSection("Final response", loop.output)],
  };
}

export function stepDetail(step: Step): Detail {
  const { account, patches } = step;
  return {
    facts: [
      ...timeFacts(step),
      ["outcome", step.recovered ? `${step.outcome}, after a failure` : step.outcome],
      ["kind", step.kind],
      ...named("agent", step.agent),
      ["model", duration(account.model)],
      ["tools", duration(account.tools)],
      ...(account.waiting > 0 ? [["waiting for permission", duration(account.waiting)] as const] : []),
      ...(account.retries > 0 ? [["retries", duration(account.retries)] as const] : []),
      ["opencode itself", duration(account.other)],
      ...notesOf(step.notes),
    ],
    sections: patches.map(({ hash, files }) => ({
      title: `Files changed, by snapshot ${hash}`,
      form: "code",
      text: files.join("\n"),
    })),
  };
}

export function callDetail(call: Call): Detail {
  const { usageDoubt, cumulative } = call;
  const [read, written] = [usageOfHalf("prompt", call), usageOfHalf("output", call)];
  const { cacheHitRatio, contextGrowth } = cumulative;
  return {
    facts: [
      ...timeFacts(call),
      ...(call.firstTokenAt === null ? [] : [["first token after", duration(call.firstTokenAt - call.start)] as const]),
      ["outcome", call.outcome],
      ...named("finish", call.finish),
      ["model", modelName(call.model) ?? "unknown"],
      ...named("agent", call.agent),
      ...named("mode", call.mode),
      ...(read
        ? ([
            ["prompt", `${count(promptTokens(read))} tokens`],
            ["from the cache", count(read.cacheRead)],
            ["written to the cache", count(read.cacheWrite)],
          ] as const)
        : []),
      ...(written
        ? ([
            ["output", count(written.output)],
            ["reasoning", count(written.reasoning)],
          ] as const)
        : []),
      ...(sureUsageOf("prompt", call)
        ? ([["context after it", `${count(cumulative.contextTokens)} tokens`]] as const)
        : []),
      ...(read || written ? [] : ([["tokens", "opencode recorded none"]] as const)),
      ...notesOf(usageDoubt ? [usageDoubt.reason] : []),
      ...(contextGrowth === null ? [] : [["context grew by", signed(contextGrowth)] as const]),
      ...(cacheHitRatio === null ? [] : [["cache hits", `${Math.round(cacheHitRatio * 100)}%`] as const]),
      ...(call.outputTokensPerSecond === null
        ? []
        : [["speed", `${count(call.outputTokensPerSecond)} tokens/s`] as const]),
      ["cost", cost(call.cost)],
    ],
    sections: [...inputSections(call.input), ...callOutputSections(call.output)],
  };
}

export function retryDetail(retry: Retry): Detail {
  return {
    facts: [...timeFacts(retry), ["attempt", String(retry.attempt)]],
    sections: callOutputSections(retry.output),
  };
}

export function toolDetail(tool: Tool): Detail {
  const { diff, rest } = metadataOf(tool);
  return {
    facts: [
      ...timeFacts(tool),
      ["status", tool.status],
      ...named("title", tool.title),
      ...(tool.permissionWaitMs === null ? [] : [["waited for permission", duration(tool.permissionWaitMs)] as const]),
      ...named("MCP server", tool.server),
      ...named("run by", tool.origin === "provider" ? "the model's provider" : null),
      ...named("subagent's session", tool.childSessionId),
      ["call id", tool.callId],
      ...notesOf(tool.notes),
    ],
    sections: [
      { title: "Arguments", form: "value", value: tool.input },
      ...(diff === null ? [] : [{ title: "Change", form: "diff", text: diff } as const]),
      ...(tool.output === null ? [] : [{ title: "Result", form: "code", text: tool.output } as const]),
      ...fileSections(tool.attachments),
      ...(Object.keys(rest).length === 0 ? [] : [{ title: "Metadata", form: "value", value: rest } as const]),
    ],
  };
}

export function innerCallDetail(call: InnerCall): Detail {
  return {
    facts: [
      ["called by", "the script of the tool above"],
      ["took", call.durationMs === null ? "not recorded" : duration(call.durationMs)],
      ["outcome", call.outcome],
      ...named("MCP server", call.server),
    ],
    sections: [{ title: "Arguments", form: "value", value: call.input }],
  };
}

export function eventDetail({ name, at, attributes }: StepEvent, start: number): Detail {
  const when: Fact = ["at", duration(at - start)];
  if (name === "permission") return { facts: [when, ...permissionFacts(attributes)], sections: [] };
  return { facts: [when, ...Object.entries(attributes).map(attributeFact)], sections: [] };
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
  const bound = timing === "exact" ? "" : "~";
  return [
    ["began", new Date(start).toISOString()],
    ["took", `${bound}${duration(end - start)}`],
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
        { title: `Input: result of ${message.name}${failed}`, form: "code", text: message.content },
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
    ...toolCalls.map(({ name, arguments: value }): Section => ({ title: `Tool call: ${name}`, form: "value", value })),
  ];
}

function outputSection(title: string, output: unknown): Section[] {
  if (output === null || output === undefined || output === "") return [];
  return [typeof output === "string" ? prose(title, output) : { title, form: "value", value: output }];
}

function prose(title: string, text: string): Section {
  return { title, form: "text", text };
}

/** Only what a file is: its bytes would make the page large, and are not to be shown. */
function fileSections(files: readonly FileFacts[]): Section[] {
  return files.map(({ mime, filename, url }) => ({
    title: `File: ${filename ?? mime}`,
    form: "code",
    text: `${mime}\n${url.startsWith("data:") ? `in the session, ${count(url.length)} characters` : url}`,
  }));
}
