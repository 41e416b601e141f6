/** Sessions as no opencode would write them all at once, but valid by the schema of the export. */
import fc from "fast-check";
import type { Json, RawExport, RawMessage } from "./make-session.js";
import { exportOf, T0 } from "./make-session.js";

export interface ArbitrarySession {
  /** The session, then those of its subagents. */
  readonly exports: readonly RawExport[];
}

/** How ids of parts and messages look: opencode's own, a fork's (minted later), or of some other form. */
type IdStyle = "opencode" | "fork" | "other" | "random";

const words = fc.oneof(
  fc.constantFrom("", "Done.", "half \ud83d", "👩‍👩‍👧", "nul \u0000 esc \u001b[31m", "__proto__", '"quoted text"'),
  fc.string({ unit: "grapheme", maxLength: 30 }),
);
/** Plain JSON, without the one number that JSON cannot write (minus zero). */
const json = fc.jsonValue({ maxDepth: 3 }).map((value): unknown => JSON.parse(JSON.stringify(value)));
const gap = fc.oneof(
  { weight: 9, arbitrary: fc.nat(3_000) },
  { weight: 1, arbitrary: fc.integer({ min: -5_000, max: -1 }) },
);
const tokens = fc.record({
  input: fc.nat(200_000),
  output: fc.nat(9_000),
  reasoning: fc.nat(9_000),
  cache: fc.record({ read: fc.nat(200_000), write: fc.nat(9_000) }),
});
/** How a provider's figures go wrong: nothing said, half of it, a total that they do not make, or what is no number. */
const fault = fc.constantFrom("", "", "", "", "zeros", "no-prompt", "no-output", "total", "no-total", "null", "absurd");
const error = fc.record({
  name: fc.constantFrom("APIError", "UnknownError", "ContextOverflowError", "MessageAbortedError", "Odd"),
  data: fc.oneof(
    fc.record({ message: words, statusCode: fc.constantFrom(400, 401, 429, 500), isRetryable: fc.boolean() }),
    json,
  ),
});

const toolSpec = fc.record({
  tool: fc.constantFrom("bash", "read", "task", "invalid", "tiny_echo", "StructuredOutput", "execute"),
  /** The provider ran it. */
  isProviders: fc.constantFrom(false, false, false, true),
  /** What a script says that it called. */
  toolCalls: fc.option(
    fc.array(
      fc.oneof(
        fc
          .record({ tool: words, status: fc.constantFrom("completed", "error", "running"), input: json })
          .map((call): unknown => JSON.parse(JSON.stringify(call))),
        json,
      ),
      { maxLength: 3 },
    ),
    { nil: undefined },
  ),
  status: fc.constantFrom("pending", "running", "completed", "completed", "error"),
  wait: gap,
  run: gap,
  input: json,
  said: words,
  metadata: fc.option(fc.dictionary(fc.string({ maxLength: 8 }), json, { maxKeys: 3 }), { nil: undefined }),
  exit: fc.constantFrom(undefined, 0, 3, null),
  /** Whether the metadata names a subagent's session, where there is one to name. */
  linked: fc.boolean(),
});
const attemptSpec = fc.record({
  started: fc.boolean(),
  content: fc.array(
    fc.record({
      thinking: fc.boolean(),
      said: words,
      gap,
      timed: fc.boolean(),
      ended: fc.boolean(),
      run: gap,
    }),
    { maxLength: 3 },
  ),
  tools: fc.array(toolSpec, { maxLength: 3 }),
});
const assistantSpec = fc.record({
  gap,
  attempts: fc.array(attemptSpec, { maxLength: 3 }),
  tokens: fc.option(tokens, { nil: undefined }),
  fault,
  /** Where the tokens stand: on the step-finish, on the message, or on both. */
  recordedOn: fc.constantFrom("both", "both", "finish", "message", "finish-less message"),
  cost: fc.constantFrom(0, 0, 0.25, 1.5),
  completed: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  finish: fc.constantFrom(undefined, "stop", "tool-calls", "length", "unknown"),
  error: fc.option(error, { nil: undefined, freq: 6 }),
  summary: fc.constantFrom(undefined, undefined, undefined, true),
  structured: fc.option(json, { nil: undefined, freq: 8 }),
  patch: fc.boolean(),
  unknownPart: fc.constantFrom(undefined, undefined, "snapshot", "constructor", "__proto__"),
  /** The message that it answers: its turn's prompt, none, any other, or a notice that came before it. */
  parent: fc.constantFrom("own", "own", "own", "none", "first", "notice"),
  /** Before it opencode asks for a compaction. */
  compaction: fc.constantFrom(false, false, false, true),
});
/**
 * What stands before a prompt and is none: a plugin's notice, a command of the person's, or context without an answer.
 */
type Aside = "notice" | "command" | "running-command" | "context";
const turnSpec = fc.record({
  gap,
  asides: fc.array(fc.constantFrom<Aside>("notice", "command", "running-command", "context"), {
    maxLength: 2,
  }),
  prompt: words,
  file: fc.boolean(),
  /** A part of the prompt that only people are shown. */
  ignored: fc.constantFrom(false, false, true),
  /**
   * Whose clock made the prompt's id: the server's, or a client's that is ahead or behind, ms; or it is no time at all.
   */
  clock: fc.constantFrom<number | "none">(0, 0, 4_000, 3_600_000, -3_600_000, 63_072_000_000, "none"),
  steps: fc.array(assistantSpec, { maxLength: 4 }),
  /** A compaction that was asked for when the turn was over. */
  trailing: fc.constantFrom(false, false, true),
});
const sessionSpec = fc.record({
  /** When the session was made, ms: a plugin makes sessions whenever it likes. */
  made: fc.oneof(fc.constant(0), fc.integer({ min: -2_000, max: 20_000 })),
  version: fc.constantFrom("1.15.13", "1.17.19", "1.18.4", "1.18.33", "local"),
  ids: fc.constantFrom<IdStyle>("opencode", "opencode", "fork", "other", "random"),
  turns: fc.array(turnSpec, { minLength: 1, maxLength: 3 }),
});
type SessionSpec = typeof sessionSpec extends fc.Arbitrary<infer T> ? T : never;

/** A session of one to three turns with up to two subagents, the second of which may be below the first. */
export const arbitrarySession: fc.Arbitrary<ArbitrarySession> = fc
  .record({
    own: sessionSpec,
    below: fc.array(sessionSpec, { maxLength: 2 }),
    nested: fc.boolean(),
    salt: fc.nat(0xffff),
  })
  .map(({ own, below, nested, salt }) => {
    const ids = ["ses_0", "ses_1", "ses_2"];
    const parentOf = (index: number): string => (nested && index === 1 ? "ses_1" : "ses_0");
    const children = (parent: string): string[] =>
      below.flatMap((_, index) => (parentOf(index) === parent ? [ids[index + 1] ?? ""] : []));
    return {
      exports: [
        render(own, { id: "ses_0" }, children("ses_0"), salt),
        ...below.map((spec, index) => {
          const id = ids[index + 1] ?? "";
          return render(spec, { id, parentID: parentOf(index) }, children(id), salt + index + 1);
        }),
      ],
    };
  });

const ZEROS: Json = { total: 0, input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } };

function withFault(used: typeof tokens extends fc.Arbitrary<infer T> ? T : never, fault: string): Json {
  const { input, output, reasoning, cache } = used;
  const total = input + output + reasoning + cache.read + cache.write;
  switch (fault) {
    case "zeros":
      return ZEROS;
    case "no-prompt":
      return { total: output + reasoning, input: 0, output, reasoning, cache: { read: 0, write: 0 } };
    case "no-output":
      return { total: total - output - reasoning, input, output: 0, reasoning: 0, cache };
    case "total":
      return { ...used, total: total + 7 };
    case "no-total":
      return { ...used };
    case "null":
      return { ...used, total: null, input: null };
    case "absurd":
      return { ...used, total, output: -output - 1, cache: { read: 1e15, write: 0 } };
    default:
      return { ...used, total };
  }
}

function render(spec: SessionSpec, info: Json & { id: string }, children: readonly string[], salt: number): RawExport {
  let now = T0 + spec.made + 100;
  let made = 0;
  let links = 0;
  const tick = (ms: number): number => {
    now = Math.max(T0 - 10_000, now + ms);
    return now;
  };
  const id = (prefix: "msg" | "prt", clock: number | "none" = 0): string => {
    made += 1;
    const unique = `${info.id.slice(4)}x${made}`.padStart(14, "0");
    if (spec.ids === "other" || clock === "none") return `${prefix}-${unique}`;
    const random = (BigInt(salt + 1) * 2654435761n * BigInt(made) * 40503n) & 0xffff_ffff_ffffn;
    const at = BigInt(now + clock + (spec.ids === "fork" ? 86_400_000 : 0));
    const bits = spec.ids === "random" ? random : (at * 0x1000n + 1n) & 0xffff_ffff_ffffn;
    return `${prefix}_${bits.toString(16).padStart(12, "0")}${unique}`;
  };
  const messages: RawMessage[] = [];
  const users: string[] = [];
  const say = (parts: readonly Json[], own: boolean, clock: number | "none" = 0): string => {
    const message = { role: "user", id: id("msg", clock), time: { created: now }, agent: "build" };
    if (own) users.push(message.id);
    messages.push({ info: message, parts });
    return message.id;
  };
  const notice = (): string => say([{ type: "text", id: id("prt"), text: "news", ignored: true }], false);
  const command = (isRunning: boolean): void => {
    const parentID = say([{ type: "text", id: id("prt"), text: "executed", synthetic: true }], false);
    const created = tick(3);
    const start = tick(3);
    const input = { command: "ls" };
    const end = tick(300);
    const state = isRunning
      ? { status: "running", input, time: { start }, metadata: {} }
      : { status: "completed", input, output: "a.txt", time: { start, end }, metadata: {} };
    messages.push({
      info: {
        ...{
          role: "assistant",
          id: id("msg"),
          parentID,
          modelID: "m1",
          providerID: "scripted",
          agent: "build",
        },
        time: { created, ...(isRunning ? {} : { completed: end }) },
      },
      parts: [{ type: "tool", id: id("prt"), tool: "bash", callID: `call_${made}`, state }],
    });
  };
  const aside = (kind: Aside): void => {
    if (kind === "notice") notice();
    else if (kind === "context") say([{ type: "text", id: id("prt"), text: "context" }], false);
    else command(kind === "running-command");
  };
  const compaction = (): void => {
    say([{ type: "compaction", id: id("prt"), auto: true }], false);
  };
  for (const turn of spec.turns) {
    tick(turn.gap);
    for (const kind of turn.asides) {
      aside(kind);
      tick(40);
    }
    const file = { type: "file", id: id("prt"), mime: "image/png", url: "data:image/png;base64,AAAA" };
    const shown = { type: "text", id: id("prt"), text: "for people", ignored: true };
    const prompt = { type: "text", id: id("prt"), text: turn.prompt };
    say([prompt, ...(turn.file ? [file] : []), ...(turn.ignored ? [shown] : [])], true, turn.clock);
    for (const step of turn.steps) {
      if (step.compaction) {
        tick(1);
        compaction();
      }
      const told = step.parent === "notice" ? notice() : undefined;
      tick(step.gap);
      const message = id("msg");
      const created = now;
      const parts: Json[] = [];
      step.attempts.forEach((attempt, index) => {
        if (attempt.started || index > 0) {
          tick(5);
          parts.push({ type: "step-start", id: id("prt") });
        }
        for (const block of attempt.content) {
          const start = tick(block.gap);
          const type = block.thinking ? "reasoning" : "text";
          const time = { start, ...(block.ended ? { end: tick(block.run) } : {}) };
          parts.push({
            type,
            id: id("prt"),
            text: block.said,
            ...(block.timed || block.thinking ? { time } : {}),
          });
        }
        for (const one of attempt.tools) {
          const part = {
            ...{ type: "tool", id: id("prt"), tool: one.tool, callID: `call_${parts.length}` },
            ...(one.isProviders ? { metadata: { providerExecuted: true } } : {}),
          };
          const start = tick(one.wait);
          const link = one.tool === "task" && one.linked ? children[links++ % Math.max(1, children.length)] : undefined;
          const metadata = {
            ...one.metadata,
            ...(one.tool === "bash" && one.exit !== undefined ? { exit: one.exit } : {}),
            ...(link === undefined ? {} : { sessionId: link }),
            ...(one.tool === "execute" && one.toolCalls ? { toolCalls: one.toolCalls } : {}),
          };
          const states: Record<string, Json> = {
            pending: { raw: one.said },
            running: { time: { start }, metadata },
            completed: { output: one.said, time: { start, end: start + one.run }, metadata },
            error: { error: one.said, time: { start, end: start + one.run }, metadata },
          };
          parts.push({ ...part, state: { status: one.status, input: one.input, ...states[one.status] } });
        }
      });
      tick(20);
      if (step.tokens && step.attempts.length > 0) {
        const { cost } = step;
        const reason = step.finish ?? "stop";
        const used = step.recordedOn === "message" ? ZEROS : withFault(step.tokens, step.fault);
        if (step.recordedOn !== "finish-less message")
          parts.push({ type: "step-finish", id: id("prt"), reason, tokens: used, cost });
      }
      if (step.patch) parts.push({ type: "patch", id: id("prt"), hash: "abc", files: ["/home/dev/a.txt"] });
      if (step.unknownPart !== undefined) parts.push({ type: step.unknownPart, id: id("prt") });
      const parent = { own: users.at(-1), none: undefined, first: users[0], notice: told }[step.parent];
      messages.push({
        info: {
          role: "assistant",
          id: message,
          time: { created, ...(step.completed ? { completed: tick(2) } : {}) },
          modelID: "m1",
          providerID: "scripted",
          agent: "build",
          ...(step.tokens && step.attempts.length > 0 && step.recordedOn !== "finish"
            ? { tokens: withFault(step.tokens, step.fault), cost: step.cost }
            : {}),
          ...Object.fromEntries(
            Object.entries({
              parentID: parent,
              finish: step.finish,
              error: step.error,
              summary: step.summary,
              structured: step.structured,
            }).filter(([, value]) => value !== undefined),
          ),
        },
        parts,
      });
    }
    if (turn.trailing) {
      tick(1);
      compaction();
    }
  }
  return exportOf(messages, { time: { created: T0 + spec.made }, ...info, version: spec.version });
}
