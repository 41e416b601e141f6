import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../../src/errors/error-facts.js";
import { assembleSessions } from "../../src/opencode/read/assemble-sessions.js";
import { exportFromJson } from "../../src/opencode/read/read-export.js";
import { sumOfTokens } from "../../src/opencode/schema/tokens.js";
import type { Loop } from "../../src/trace/model.js";
import { spentOnOthers } from "../../src/trace/other-calls.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { addUsage, NO_USAGE, totalTokens } from "../../src/trace/usage.js";
import { at, onlyOne } from "../support/fixtures.js";
import { loadOpencode2, type Opencode2Fixture, opencode2Names } from "../support/opencode2-fixtures.js";
import { expectSound } from "./invariants.js";
import { loopsIn } from "./walk-trace.js";

/** All loops of a recording, subagents' included. */
function loopsOf({ tree }: Opencode2Fixture): readonly Loop[] {
  return traceSession(tree).flatMap(({ loop }) => loopsIn(loop));
}

describe.each(opencode2Names)("%s", (name) => {
  const fixture = loadOpencode2(name);
  const { session, subagents } = fixture;

  test("has sound traces", () => {
    for (const trace of traceSession(fixture.tree)) expectSound(trace);
  });

  test.each([session, ...subagents].map((one) => [one.info.id, one] as const))(
    "%s: each answer is a step",
    (id, one) => {
      const steps = loopsOf(fixture)
        .filter(({ sessionId }) => sessionId === id)
        .flatMap((loop) => loop.steps);
      const answers = one.messages.flatMap((message) => (message.type === "assistant" ? [message] : []));
      expect(steps.filter(({ kind }) => kind === "answer").map(({ messageId }) => messageId)).toEqual(
        answers.map((message) => message.id),
      );
      for (const { id: messageId, time, content } of answers) {
        const step = onlyOne(steps.filter((candidate) => candidate.messageId === messageId));
        expect(step.call).not.toBeNull();
        if (time.streamed !== undefined) expect(step.call).toMatchObject({ start: time.created, end: time.streamed });
        const tools = content.flatMap((item) => (item.type === "tool" ? [item] : []));
        expect(step.tools.map(({ callId }) => callId)).toEqual(tools.map((tool) => tool.id));
        tools.forEach(({ time: { ran, completed } }, index) => {
          const { start, end, timing } = at(step.tools, index);
          if (ran !== undefined && completed !== undefined)
            expect({ start, end, timing }).toEqual({ start: ran, end: completed, timing: "exact" });
        });
      }
    },
  );

  test("has the tokens of its messages", () => {
    for (const { info, messages } of [session, ...subagents]) {
      const recorded = messages.reduce(
        (sum, message) =>
          message.type === "assistant" && message.tokens
            ? addUsage(sum, {
                ...message.tokens,
                cacheRead: message.tokens.cache.read,
                cacheWrite: message.tokens.cache.write,
              })
            : sum,
        NO_USAGE,
      );
      const own = loopsOf(fixture).filter(({ sessionId }) => sessionId === info.id);
      expect(own.reduce((sum, loop) => addUsage(sum, loop.totals.usage), NO_USAGE)).toEqual(recorded);
    }
  });
});

test.each(opencode2Names)("%s: with its other calls it has the tokens that opencode has counted", (name) => {
  const { session, subagents, forks, tree } = loadOpencode2(name);
  const trees = [tree, ...forks.map((fork) => ({ session: fork, children: [] }))];
  const loops = trees.flatMap((one) => traceSession(one)).flatMap(({ loop }) => loopsIn(loop));
  for (const { info } of [session, ...subagents, ...forks]) {
    const own = loops.filter(({ sessionId, copied }) => sessionId === info.id && !copied);
    const sum = own.reduce(
      (all, { totals, otherCalls = [] }) => addUsage(addUsage(all, totals.usage), spentOnOthers(otherCalls).usage),
      NO_USAGE,
    );
    expect(totalTokens(sum)).toBe(info.tokens ? sumOfTokens(info.tokens) : 0);
  }
});

test("an exported session that was sanitised has its subagents, by their times", () => {
  const { text, subagents } = loadOpencode2("parallel-subagents");
  const redacted = (key: string, value: unknown): unknown => {
    if (key === "metadata" || key === "input") return { redacted: `${key}:call` };
    return key === "text" || key === "directory" || key === "title" ? `[redacted:${key}:1]` : value;
  };
  const sanitised: unknown = JSON.parse(text, redacted);
  const session = exportFromJson(sanitised, "sanitised.json");
  const { loop } = onlyOne(traceSession(onlyOne(assembleSessions([session, ...subagents]))));
  const tools = loop.steps.flatMap((step) => step.tools);
  const inside = tools.map(({ loops }) => loops.map(({ sessionId }) => sessionId));
  expect(inside.map((ids) => ids.length)).toEqual([1, 1]);
  expect(new Set(inside.flat())).toEqual(new Set(subagents.map(({ info }) => info.id)));
});

test.each<readonly [string, ErrorCode]>([
  ["provider-401", "authentication_failed"],
  ["provider-401@2026-07-20", "authentication_failed"],
  ["provider-402", "billing_error"],
  ["anthropic-billing", "billing_error"],
  ["500-forever", "server_error"],
  ["reset-mid-stream@2026-07-20", "server_error"],
  ["content-filter", "content_filter"],
  ["length", "max_output_tokens"],
  ["aborted-tool", "aborted"],
  ["permission-rejected", "aborted"],
  ["question", "aborted"],
  ["killed-server-tool@2026-07-20", "aborted"],
])("%s ended in %s", (name, code) => {
  const { loop } = onlyOne(traceSession(loadOpencode2(name).tree));
  expect(loop.error?.code).toBe(code);
});

test.each<readonly [string, readonly (string | null)[]]>([
  ["failing-tool", ["failed"]],
  ["bash-exit-3", ["nonzero_exit", "timed_out"]],
  ["invalid-tool", ["unknown_tool", "invalid_arguments", "invalid_arguments"]],
  ["mcp", [null, "failed"]],
  ["subagent-error", ["failed", "failed"]],
  ["aborted-tool", ["aborted"]],
  ["user-shell", ["nonzero_exit"]],
])("%s: how its tools ended", (name, kinds) => {
  const { session } = loadOpencode2(name);
  const tools = loopsOf(loadOpencode2(name))
    .filter(({ sessionId }) => sessionId === session.info.id)
    .flatMap(({ steps }) => steps.flatMap((step) => step.tools));
  expect(tools.map(({ failure }) => failure?.kind ?? null)).toEqual(kinds);
});

test("a subagent stands in the tool that started it, also where it worked in the background", () => {
  for (const name of [
    "subagent",
    "subagent@2026-07-20",
    "parallel-subagents",
    "subagent-error",
    "subagent-background",
  ]) {
    const { subagents, tree } = loadOpencode2(name);
    const tools = traceSession(tree).flatMap(({ loop }) => loop.steps.flatMap((step) => step.tools));
    const inside = tools.flatMap(({ loops }) => loops.map(({ sessionId }) => sessionId));
    expect(inside.sort()).toEqual(subagents.map(({ info }) => info.id).sort());
    expect(tools.filter(({ subagentMissing }) => subagentMissing)).toEqual([]);
  }
});

test("prompts: one that was steered in belongs to its turn, one that was queued begins the next", () => {
  for (const name of ["steer-while-busy", "steer-while-busy@2026-07-20"]) {
    const loops = traceSession(loadOpencode2(name).tree).map(({ loop }) => loop);
    expect(loops.map(({ input }) => input.map(({ content }) => content))).toEqual([["first", "also this"], ["later"]]);
    expect(at(loops, 0).steps[1]?.call?.input).toMatchObject([
      { role: "tool" },
      { role: "user", content: "also this" },
    ]);
  }
});

test("a command that a person ran is a turn of its own, and the next one is told of it", () => {
  const [command, answer] = traceSession(loadOpencode2("user-shell").tree).map(({ loop }) => loop);
  expect(command?.steps).toMatchObject([{ kind: "command", call: null, tools: [{ name: "shell" }] }]);
  expect(answer?.steps[0]?.call?.input).toMatchObject([{ role: "tool", name: "shell" }, { role: "user" }]);
});

test("what a fork copied is not counted in it", () => {
  for (const name of ["fork", "fork@2026-07-20"]) {
    const fork = onlyOne(loadOpencode2(name).forks);
    const loops = traceSession({ session: fork, children: [] }).map(({ loop }) => loop);
    expect(loops.map(({ copied }) => copied)).toEqual([true, false]);
  }
});
