import type { ErrorFacts } from "../errors/error-facts.js";
import type { ToolFailure } from "../errors/tool-failure.js";

import type {
  Call,
  CallOutput,
  Loop,
  LoopTrace,
  OtherCall,
  Retry,
  SegmentFacts,
  Step,
  StepEvent,
  Tool,
  WireTables,
} from "../trace/model.js";

/** What stands where a text would be that has to be there. */
const NOT_SENT = "[content not sent]";

/**
 * The trace without what was said, read, written and called: structure, times, tokens, cost, names of tools, agents and
 * models, and the errors' classes remain. Everything else, also the session's title and folder, is gone.
 */
export function withoutContent({ session, loop, wire, ...trace }: LoopTrace): LoopTrace {
  return {
    ...trace,
    session: { ...session, title: "", directory: "" },
    loop: bareLoop(loop),
    ...(wire ? { wire: bareTables(wire) } : {}),
  };
}

/** Whose a part is and how large; no text, no file's name, and no hash by which one could be guessed. */
function bareTables({ segments, notes }: WireTables): WireTables {
  return { segments: segments.map(bareSegment), texts: {}, notes };
}

function bareSegment({ owner, bytes }: SegmentFacts): SegmentFacts {
  const bare =
    owner.kind === "system"
      ? { ...owner, source: null }
      : owner.kind === "tool-result"
        ? { ...owner, argument: null }
        : owner.kind === "attachment"
          ? { ...owner, filename: null }
          : owner;
  return { owner: bare, hash: "", bytes };
}

/** Of a request: how it went, how large it was and whose its parts are. */
function bareWire<T extends Call | Retry | OtherCall>(one: T): T {
  const { wire } = one;
  if (!wire) return one;
  if (!wire.request) return one;
  const { messages: _, ...request } = { ...wire.request, hash: "", systemHash: null, toolsHash: null };
  return { ...one, wire: { ...wire, request } };
}

function bareLoop(loop: Loop): Loop {
  return {
    ...loop,
    input: [],
    unanswered: [],
    output: null,
    error: loop.error && bareError(loop.error),
    steps: loop.steps.map(bareStep),
    ...(loop.otherCalls ? { otherCalls: loop.otherCalls.map(bareOtherCall) } : {}),
    loops: loop.loops.map(bareLoop),
  };
}

function bareOtherCall(call: OtherCall): OtherCall {
  const { output } = call;
  return { ...bareWire(call), ...(output ? { output: bareOutput(output) } : {}) };
}

function bareStep(step: Step): Step {
  return {
    ...step,
    call: step.call && bareCall(step.call),
    retries: step.retries.map(bareRetry),
    tools: step.tools.map(bareTool),
    loops: step.loops.map(bareLoop),
    events: step.events.map(bareEvent),
    patches: [],
  };
}

function bareCall(call: Call): Call {
  return {
    ...bareWire(call),
    input: [],
    output: bareOutput(call.output),
    error: call.error && bareError(call.error),
  };
}

/** Which tools were called, without what for. */
function bareOutput({ toolCalls }: CallOutput): CallOutput {
  return { thinking: null, text: null, toolCalls: toolCalls.map(({ id, name }) => ({ id, name, arguments: null })) };
}

function bareRetry(retry: Retry): Retry {
  return { ...bareWire(retry), output: bareOutput(retry.output), error: retry.error && bareError(retry.error) };
}

function bareTool(tool: Tool): Tool {
  return {
    ...tool,
    title: null,
    input: null,
    output: null,
    attachments: [],
    metadata: {},
    failure: tool.failure && bareFailure(tool.failure),
    innerCalls: tool.innerCalls.map((call) => ({ ...call, input: null })),
    loops: tool.loops.map(bareLoop),
  };
}

/** What opencode and looptrace call things in an event; any other text is a todo, a path, or what was asked for. */
const EVENT_WORDS: ReadonlySet<string> = new Set(["tool", "permission", "answer", "by", "callId", "causeKind"]);

function bareEvent(event: StepEvent): StepEvent {
  const bare = Object.entries(event.attributes).filter(
    ([name, value]) => EVENT_WORDS.has(name) || typeof value === "number" || typeof value === "boolean",
  );
  return { ...event, attributes: Object.fromEntries(bare) };
}

function bareFailure({ message: _, ...failure }: ToolFailure): ToolFailure {
  return { ...failure, message: NOT_SENT };
}

/** Texts of an error that are looptrace's, opencode's or a protocol's own words; any other may quote a request. */
const OWN_WORDS: ReadonlySet<string> = new Set(
  "code evidence opencodeError sessionId retryAtSource reason abortedBy signal limit of tool id type requestId".split(
    " ",
  ),
);

function bareError(error: ErrorFacts): ErrorFacts {
  return { ...error, ...bareTexts(error), message: NOT_SENT };
}

/** Every text with another name is blotted out, so that one that is added later does not slip through. */
function bareTexts(facts: object): object {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]: [string, unknown]) => {
      if (typeof value === "string") return [name, OWN_WORDS.has(name) ? value : NOT_SENT];
      return [name, typeof value === "object" && value !== null ? bareTexts(value) : value];
    }),
  );
}
