/** Sessions as no opencode would write them all at once, but valid by the schema of 2.0.26, or near it. */
import fc from "fast-check";
import { fieldsOf, isFields } from "../../../src/text/json-fields.js";
import { T0 } from "../../trace/make-session.js";

/** An export as opencode writes it. */
export interface RawExportV2 {
  readonly info: Record<string, unknown> & { readonly id: string };
  readonly messages: readonly Record<string, unknown>[];
}

const words = fc.oneof(
  fc.constantFrom("", "Done.", "half \ud83d", "👩‍👩‍👧", "nul \u0000 esc \u001b[31m", "__proto__", '"quoted text"'),
  fc.string({ unit: "grapheme", maxLength: 20 }),
);
/** Plain JSON, without the one number that JSON cannot write (minus zero). */
const json = fc.jsonValue({ maxDepth: 2 }).map((value): unknown => JSON.parse(JSON.stringify(value)));
const fields = fc.dictionary(
  fc.constantFrom("exit", "status", "sessionID", "toolCalls", "timeout", "signal", "glow", "__proto__"),
  fc.oneof(json, fc.constantFrom(0, 3, "completed", "running", "ses_1", true)),
  { maxKeys: 3 },
);
/** ms from one moment to the next; clocks are set back now and then. */
const gap = fc.oneof(
  { weight: 12, arbitrary: fc.nat(3_000) },
  { weight: 2, arbitrary: fc.nat(60_000) },
  { weight: 1, arbitrary: fc.integer({ min: -5_000, max: -1 }) },
);
const count = fc.oneof({ weight: 9, arbitrary: fc.nat(90_000) }, fc.constantFrom(-1, 0.5, 1e300));
const tokens = fc.record(
  {
    input: count,
    output: count,
    reasoning: count,
    cache: fc.record({ read: count, write: count }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);
const cost = fc.constantFrom(0, 0.001, 0.25, -1, 1e300);
const model = fc.record(
  { id: fc.constantFrom("m1", "m2", ""), providerID: fc.constantFrom("scripted", ""), variant: words },
  { requiredKeys: ["id", "providerID"] },
);
const error = fc.record(
  {
    type: fc.constantFrom(
      ...["provider.auth", "provider.quota", "provider.rate-limit", "provider.internal", "provider.transport"],
      ...["provider.invalid-request", "provider.invalid-output", "provider.no-route", "provider.content-filter"],
      ...["aborted", "permission.rejected", "tool.unknown", "tool.input-json", "unknown", "tomorrow"],
    ),
    message: fc.oneof(words, fc.constant('Provider request failed with HTTP 429: {"error":{"message":"slow down"}}')),
    status: fc.constantFrom(200, 400, 401, 402, 413, 429, 500),
    response: fc.record({ body: words }),
  },
  { requiredKeys: ["type", "message"] },
);
const anyError = fc.oneof({ weight: 9, arbitrary: error }, json);

const output = fc.oneof(
  fc.record({ type: fc.constant("text"), text: words }),
  fc.record(
    { type: fc.constant("file"), uri: words, mime: words, name: words },
    { requiredKeys: ["type", "uri", "mime"] },
  ),
  json,
);
const toolState = fc.oneof(
  fc.record({ status: fc.constant("streaming"), input: fc.oneof(words, json) }),
  fc.record({ status: fc.constant("running"), input: fields, metadata: fields }, { requiredKeys: ["status", "input"] }),
  fc.record(
    {
      status: fc.constant("completed"),
      input: fields,
      content: fc.array(output, { maxLength: 3 }),
      metadata: fields,
      structured: fields,
    },
    { requiredKeys: ["status", "input"] },
  ),
  fc.record(
    { status: fc.constant("error"), input: fields, error: anyError, content: fc.array(output, { maxLength: 2 }) },
    { requiredKeys: ["status", "input", "error"] },
  ),
  fc.record({ status: fc.constantFrom("pending", "tomorrow"), input: json }, { requiredKeys: [] }),
);

/** Offsets to the message's own beginning become times. */
const content = fc.oneof(
  fc.record({ type: fc.constant("text"), text: words, state: fields }, { requiredKeys: ["type", "text"] }),
  fc.record(
    { type: fc.constant("reasoning"), text: words, native: fields, created: gap, completed: gap },
    { requiredKeys: ["type", "text"] },
  ),
  fc.record(
    {
      type: fc.constant("tool"),
      id: fc.constantFrom("call_0", "call_1", "call_2"),
      name: fc.constantFrom("shell", "read", "subagent", "execute", "tiny_echo", "task", "bash", "frobnicate"),
      executed: fc.boolean(),
      providerState: fields,
      state: toolState,
      created: gap,
      ran: gap,
      completed: gap,
    },
    { requiredKeys: ["type", "state"] },
  ),
  fc.record({ type: fc.constantFrom("hologram", "constructor"), glow: json }),
  json,
);

const metadata = fc.oneof(fc.constant({ source: "subagent", childID: "ses_1" }), fields);

/** Each has `wait`, the time since the message before it, and offsets to its own beginning. */
const message = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record(
      {
        type: fc.constant("user"),
        text: words,
        files: fc.array(
          fc.oneof(fc.record({ mime: words, data: words, name: words }, { requiredKeys: ["mime"] }), json),
          { maxLength: 2 },
        ),
        agents: json,
        metadata: fields,
      },
      { requiredKeys: ["type", "text"] },
    ),
  },
  {
    weight: 9,
    arbitrary: fc.record(
      {
        type: fc.constant("assistant"),
        agent: fc.constantFrom("build", "plan"),
        model,
        content: fc.array(content, { maxLength: 4 }),
        snapshot: fc.record(
          { start: words, end: words, files: fc.array(words, { maxLength: 2 }) },
          { requiredKeys: [] },
        ),
        finish: fc.constantFrom("stop", "tool-calls", "tool-calls", "length", "content-filter", "error", "unknown"),
        rawFinish: words,
        cost,
        tokens,
        error: anyError,
        retry: fc.record({ attempt: fc.nat(9), at: fc.constant(T0), error: anyError }),
        streamed: gap,
        completed: gap,
      },
      { requiredKeys: ["type", "content", "model"] },
    ),
  },
  {
    weight: 3,
    arbitrary: fc.record(
      { type: fc.constant("idle"), outcome: fc.constantFrom("succeeded", "failed", "interrupted"), error: anyError },
      { requiredKeys: ["type", "outcome"] },
    ),
  },
  fc.record(
    { type: fc.constant("synthetic"), text: words, description: words, metadata },
    { requiredKeys: ["type", "text"] },
  ),
  fc.record({ type: fc.constant("system"), text: words, description: words }, { requiredKeys: ["type", "text"] }),
  fc.record({ type: fc.constant("skill"), skill: words, name: words, text: words }),
  fc.record(
    {
      type: fc.constant("shell"),
      shellID: fc.constantFrom("sh_1", "sh_2"),
      command: words,
      status: fc.constantFrom("running", "exited", "timeout", "killed"),
      exit: fc.nat(3),
      output: fc.record({ output: words, truncated: fc.boolean() }),
      completed: gap,
    },
    { requiredKeys: ["type", "shellID", "command", "status"] },
  ),
  fc.record(
    {
      type: fc.constant("compaction"),
      status: fc.constantFrom("running", "completed", "failed"),
      reason: fc.constantFrom("auto", "manual"),
      summary: words,
      recent: words,
      model,
      cost,
      tokens,
      error,
    },
    { requiredKeys: ["type", "status", "reason"] },
  ),
  fc.record(
    { type: fc.constant("agent-switched"), agent: words, previous: words },
    { requiredKeys: ["type", "agent"] },
  ),
  fc.record({ type: fc.constant("model-switched"), model, previous: model }, { requiredKeys: ["type", "model"] }),
  fc.record({ type: fc.constant("location-switched"), location: fc.record({ directory: words }) }),
  fc.record({ type: fc.constantFrom("hologram", "toString"), glow: json }),
);

const session = fc.record({
  messages: fc.array(fc.tuple(gap, message, fc.boolean()), { maxLength: 12 }),
  info: fc.record(
    {
      title: words,
      agent: words,
      model,
      cost,
      tokens,
      outcome: fc.constantFrom("succeeded", "failed"),
      subpath: words,
    },
    { requiredKeys: ["cost", "tokens"] },
  ),
  fork: fc.boolean(),
  /** When a fork was made: what is older was copied. */
  made: fc.nat(20_000),
});

type Drawn = typeof session extends fc.Arbitrary<infer Value> ? Value : never;

/** A session, and that of a subagent of it. */
export const arbitrarySessions: fc.Arbitrary<readonly RawExportV2[]> = fc
  .tuple(session, fc.option(session))
  .map(([root, child]) => [rawOf(root, "ses_0"), ...(child ? [rawOf(child, "ses_1", { parentID: "ses_0" })] : [])])
  // Objects as JSON has them.
  .map((exports): RawExportV2[] => JSON.parse(JSON.stringify(exports)));

function rawOf({ messages, info, fork, made }: Drawn, id: string, more: object = {}): RawExportV2 {
  let at = T0;
  const timed = messages.map(([wait, one, isOdd], index) => {
    at += wait;
    return timedMessage(one, `msg_${id}_${index}`, at, isOdd);
  });
  return {
    info: {
      id,
      projectID: "global",
      location: { directory: "/home/dev/project" },
      time: { created: fork ? T0 + made : T0, updated: at },
      ...(fork ? { fork: { sessionID: "ses_other", boundary: { type: "through", messageID: "msg_other" } } } : {}),
      ...info,
      ...more,
    },
    messages: timed,
  };
}

function timedMessage(drawn: object, id: string, created: number, isOdd: boolean): Record<string, unknown> {
  const { content: items, streamed, completed, ...rest } = fieldsOf(drawn);
  return {
    id,
    ...rest,
    ...(Array.isArray(items) ? { content: items.map((item: unknown) => timedContent(item, created)) } : {}),
    ...(isOdd ? { glow: 7 } : {}),
    time: timesOf(created, { streamed, completed }),
  };
}

function timedContent(item: unknown, at: number): unknown {
  if (!isFields(item)) return item;
  const { created, ran, completed, ...rest } = item;
  const times = Object.entries({ created, ran, completed }).filter(([, offset]) => typeof offset === "number");
  if (times.length === 0) return rest;
  return { ...rest, time: Object.fromEntries(times.map(([name, offset]) => [name, at + Number(offset)])) };
}

function timesOf(created: number, offsets: Readonly<Record<string, unknown>>): Record<string, number> {
  const times = Object.entries(offsets).filter(([, offset]) => typeof offset === "number");
  return { created, ...Object.fromEntries(times.map(([name, offset]) => [name, created + Number(offset)])) };
}
