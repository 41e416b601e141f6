import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { InvalidExportError } from "../../src/errors/invalid-export-error.js";
import type { RunEvidence } from "../../src/opencode/evidence.js";
import { assembleSessions } from "../../src/opencode/read/assemble-sessions.js";
import type { LogEvidence } from "../../src/opencode/read/log-evidence.js";
import { exportFromJson } from "../../src/opencode/read/read-export.js";
import type { SessionTreeV1 as SessionTree } from "../../src/opencode/schema/exported-session.js";
import type { SessionExportV1 as SessionExport } from "../../src/opencode/schema/session-export.js";
import type { Tokens } from "../../src/opencode/schema/tokens.js";
import { isAssistant } from "../../src/opencode/v1/message-kinds.js";
import type { LoopTrace, Usage } from "../../src/trace/model.js";
import { openSpanIds } from "../../src/trace/open-spans.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { addUsage, NO_USAGE, totalTokens } from "../../src/trace/usage.js";
import { fixtureNames, loadFixture, onlyOne } from "../support/fixtures.js";
import { generation1, messagesOf, tree1 } from "../support/generation1.js";
import { patiently } from "../support/patience.js";
import { tries } from "../support/tries.js";
import { arbitraryRuns } from "./arbitrary-runs.js";
import { arbitrarySession } from "./arbitrary-session.js";
import { expectNothingLost, expectSound } from "./invariants.js";
import { exportOf, type RawExport, T0 } from "./make-session.js";
import { eventsIn, loopsIn, spansIn } from "./walk-trace.js";

function treeFrom(exports: readonly RawExport[]): SessionTree {
  return tree1(onlyOne(assembleSessions(exports.map((one) => exportFromJson(one, "generated")))));
}

/** When its messages were made, ms since the epoch. */
function momentsIn(raw: RawExport): readonly number[] {
  return messagesOf(exportFromJson(raw, "generated")).map(({ info }) => info.time.created);
}

/** Id and start: what a backend tells spans apart by. */
function identitiesOf(
  traces: readonly LoopTrace[],
  leaveOut: (trace: LoopTrace) => ReadonlySet<string> = () => new Set(),
): readonly string[] {
  return traces.flatMap((trace) => {
    const open = leaveOut(trace);
    const moments = [...spansIn(trace.loop), ...eventsIn(trace.loop).map(({ spanId, at }) => ({ spanId, start: at }))];
    return moments.flatMap(({ spanId, start }) => (open.has(spanId) ? [] : [`${spanId} ${start}`]));
  });
}

/** A log that need not fit the session at all. */
const arbitraryLog: fc.Arbitrary<LogEvidence> = fc.record({
  requests: fc.array(
    fc.record({
      sessionId: fc.constantFrom("ses_0", "ses_1"),
      at: fc.nat(20_000).map((ms) => T0 + ms),
      small: fc.boolean(),
    }),
    { maxLength: 12 },
  ),
  failures: fc.array(
    fc.record({
      sessionId: fc.constantFrom("ses_0", "ses_1"),
      at: fc.nat(20_000).map((ms) => T0 + ms),
      error: fc.record({ name: fc.constant("UnknownError"), data: fc.record({ message: fc.string() }) }),
    }),
    { maxLength: 6 },
  ),
  marks: fc.array(
    fc.record(
      {
        kind: fc.constantFrom(
          "begun",
          "instance",
          "located",
          "created",
          "loop",
          "process",
          "snapshot",
          "tools",
          "skills",
        ),
        at: fc.nat(20_000).map((ms) => T0 + ms),
        process: fc.constantFrom("a", "b"),
        sessionId: fc.constantFrom("ses_0", "ses_1"),
      },
      { requiredKeys: ["kind", "at", "process"] },
    ),
    { maxLength: 20 },
  ),
});

// Hundreds of sessions each, which a busy machine takes its time for.
vi.setConfig({ testTimeout: patiently(120_000) });

/** Each permission of a session that has an answer is an event of it, once. */
function expectAllPermissions(traces: readonly LoopTrace[], runs: readonly RunEvidence[]): void {
  const loops = traces.flatMap(({ loop }) => loopsIn(loop));
  const answered = new Set(loops.flatMap(({ sessionId, steps }) => (steps.length > 0 ? [sessionId] : [])));
  const asked = runs
    .flatMap(({ permissions = [] }) => permissions)
    .filter(({ sessionId }) => answered.has(sessionId))
    .map(({ sessionId, askedAt, callId, permission, patterns }) =>
      JSON.stringify([sessionId, askedAt, callId ?? null, permission, patterns]),
    );
  const told = loops.flatMap(({ sessionId, steps }) =>
    steps
      .flatMap(({ events }) => events.filter(({ name }) => name === "permission"))
      .map(({ attributes: { askedAt, callId, permission, patterns } }) =>
        JSON.stringify([sessionId, askedAt, callId ?? null, permission, patterns]),
      ),
  );
  expect(told.sort()).toEqual([...new Set(asked)].sort());
}

function figuresOf({ input, output, reasoning, cache }: Tokens): Usage {
  return { input, output, reasoning, cacheRead: cache.read, cacheWrite: cache.write };
}

describe("any session that the border lets in", () => {
  test("gives sound traces in which nothing is lost, with any log and any events", () => {
    fc.assert(
      fc.property(
        arbitrarySession,
        fc.option(arbitraryLog, { nil: undefined }),
        arbitraryRuns,
        ({ exports }, log, runs) => {
          const tree = treeFrom(exports);
          const traces = traceSession(tree, { ...(log ? { log } : {}), runs });
          for (const trace of traces) expectSound(trace);
          expectNothingLost(traces, tree);
          expectAllPermissions(traces, runs);
        },
      ),
      { numRuns: tries(120) },
    );
  });

  test("gives the same traces again when it is exported again", () => {
    fc.assert(
      fc.property(arbitrarySession, ({ exports }) => {
        const again: unknown = JSON.parse(JSON.stringify(exports));
        const second = assembleSessions((again as RawExport[]).map((one) => exportFromJson(one, "again")));
        expect(traceSession(onlyOne(second))).toStrictEqual(traceSession(treeFrom(exports)));
      }),
      { numRuns: tries(20) },
    );
  });

  test("keeps its ids and starts when turns are added later", () => {
    fc.assert(
      fc.property(arbitrarySession, ({ exports }) => {
        const [own, ...below] = exports;
        if (!own) return;
        const lastUser = own.messages.findLastIndex(
          ({ info, parts }) => info.role === "user" && parts.some(({ type }) => type === "text"),
        );
        const messages = own.messages.slice(0, lastUser);
        // What answers one of the earlier prompts is no turn that was added: that one was still at work then.
        const known = new Set(messages.map(({ info }) => info.id));
        const added = own.messages.slice(lastUser).filter(({ info }) => !known.has(String(info.parentID)));
        // A subagent that was there before began before, also where the session's clock goes backward.
        const begun = Math.min(...momentsIn(exportOf(added, own.info)));
        fc.pre(below.every((child) => momentsIn(child).every((moment) => moment < begun)));
        const earlier = exportOf(messages, own.info);
        const later = exportOf([...messages, ...added], own.info);
        const before = identitiesOf(traceSession(treeFrom([earlier, ...below])), openSpanIds);
        const after = new Set(identitiesOf(traceSession(treeFrom([later, ...below]))));
        expect(before.filter((id) => !after.has(id))).toEqual([]);
      }),
      { numRuns: tries(40) },
    );
  });

  test("has the tokens of its step-finishes, or of its messages, in its totals", () => {
    fc.assert(
      fc.property(arbitrarySession, ({ exports }) => {
        const tree = treeFrom(exports.slice(0, 1));
        const written = tree.session.messages
          .filter(isAssistant)
          .map(({ info, parts }) => {
            const finishes = parts.flatMap((part) => (part.type === "step-finish" ? [part.tokens] : []));
            const sum = finishes.map(figuresOf).reduce(addUsage, NO_USAGE);
            return totalTokens(sum) > 0 ? sum : figuresOf(info.tokens);
          })
          .reduce(addUsage, NO_USAGE);
        const traced = traceSession(tree).reduce((sum, { loop }) => addUsage(sum, loop.totals.usage), NO_USAGE);
        expect(traced).toEqual(written);
      }),
      { numRuns: tries(40) },
    );
  });
});

/** Where in a JSON value something is done, as a share of its nodes; and what. */
const mutation = fc.record({
  where: fc.nat(999_999).map((millionths) => millionths / 1_000_000),
  what: fc.constantFrom("drop", "replace", "repeat", "reverse"),
  value: fc.jsonValue({ maxDepth: 2 }),
});
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutate(json: unknown, { where, what, value }: Mutation): void {
  const places: { readonly holder: Record<string, unknown>; readonly key: string }[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const holder = node as Record<string, unknown>;
    for (const key of Object.keys(holder)) {
      places.push({ holder, key });
      visit(holder[key]);
    }
  };
  visit(json);
  const place = places[Math.floor(where * places.length)];
  if (!place) return;
  const { holder, key } = place;
  const old = holder[key];
  if (what === "replace") holder[key] = value;
  else if (what === "reverse" && Array.isArray(old)) old.reverse();
  else if (what === "repeat" && Array.isArray(holder)) holder.push(structuredClone(old));
  else if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
}

describe("a recorded session that somebody has damaged", () => {
  test("gives sound traces, or is refused at the border", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...fixtureNames),
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        (name, mutations) => {
          const { text, subagents, log } = loadFixture(name);
          const json: unknown = JSON.parse(text);
          for (const one of mutations) mutate(json, one);
          const session = borderOf(json);
          if (!session) return;
          for (const tree of assembleSessions([session, ...subagents]).map(tree1)) {
            const traces = traceSession(tree, { log });
            for (const trace of traces) expectSound(trace);
            expectNothingLost(traces, tree);
          }
        },
      ),
      { numRuns: tries(300) },
    );
  });

  test("any JSON at all is read or refused", () => {
    const json = fc.oneof(
      fc.jsonValue(),
      fc.record({ info: fc.jsonValue(), messages: fc.jsonValue() }),
      fc.record({
        info: fc.record({ id: fc.string(), time: fc.record({ created: fc.double() }) }),
        messages: fc.array(
          fc.record({
            info: fc.oneof(fc.record({ role: fc.constantFrom("user", "assistant", "constructor") }), fc.jsonValue()),
            parts: fc.array(fc.oneof(fc.record({ type: fc.string() }), fc.jsonValue())),
          }),
        ),
      }),
    );
    fc.assert(
      fc.property(json, (value) => {
        const session = borderOf(value);
        if (session) expect(session.messages.length).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: tries(250) },
    );
  });
});

/** undefined for what the border refuses; any other error fails the test. */
function borderOf(json: unknown): SessionExport | undefined {
  try {
    return generation1(exportFromJson(json, "damaged"));
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidExportError);
    return undefined;
  }
}
