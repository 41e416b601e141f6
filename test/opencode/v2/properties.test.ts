import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { assembleSessions } from "../../../src/opencode/read/assemble-sessions.js";
import { exportFromJson } from "../../../src/opencode/read/read-export.js";
import { transcriptOf } from "../../../src/opencode/read/transcript.js";
import type { SessionTree } from "../../../src/opencode/schema/exported-session.js";
import type { MessageV2 } from "../../../src/opencode/v2/schema/session-export.js";
import type { LoopTrace } from "../../../src/trace/model.js";
import { traceSession } from "../../../src/trace/trace-session.js";
import { patiently } from "../../support/patience.js";
import { tries } from "../../support/tries.js";
import { arbitraryRuns } from "../../trace/arbitrary-runs.js";
import { expectSound } from "../../trace/invariants.js";
import { loopsIn, stepsIn, toolsIn } from "../../trace/walk-trace.js";
import { arbitrarySessions } from "./arbitrary-session.js";

function messagesIn({ session, children }: SessionTree): readonly MessageV2[] {
  const own = session.generation === 2 ? session.messages : [];
  return [...own, ...children.flatMap(messagesIn)];
}

/** Each answer is a step, with its call and its tools, and stands there once. */
function expectNothingLost(traces: readonly LoopTrace[], tree: SessionTree): void {
  const messages = messagesIn(tree);
  const steps = traces.flatMap(({ loop }) => stepsIn(loop));
  const isStep = ({ type }: MessageV2): boolean => type === "assistant" || type === "shell";
  expect(steps.map(({ messageId }) => messageId).sort()).toEqual(
    messages
      .filter(isStep)
      .map(({ id }) => id)
      .sort(),
  );
  const tools = messages.flatMap((message): readonly unknown[] => {
    if (message.type === "assistant") return message.content.filter(({ type }) => type === "tool");
    return message.type === "shell" ? [message] : [];
  });
  expect(traces.flatMap(({ loop }) => toolsIn(loop))).toHaveLength(tools.length);
  const prompts = messages.filter(({ type }) => type === "user");
  const asked = traces.flatMap(({ loop }) => loopsIn(loop)).flatMap(({ input }) => input);
  expect(asked).toHaveLength(prompts.length);
}

// Hundreds of sessions, which a busy machine takes its time for.
vi.setConfig({ testTimeout: patiently(120_000) });

/** Also with runs that are known of it; all of it is asked of one session, since to make it takes longest. */
test("a session by the schema is read whole, whatever it holds, and its traces are sound, and lose nothing", () => {
  fc.assert(
    fc.property(arbitrarySessions, arbitraryRuns, (exports, runs) => {
      const read = exports.map((raw) => exportFromJson(raw, "generated"));
      read.forEach((session, index) => {
        if (session.generation !== 2) throw new Error("a session of opencode 2");
        const messages = exports[index]?.messages;
        expect(session.messages.length + session.unknownMessages.length).toBe(messages?.length);
      });
      for (const tree of assembleSessions(read)) {
        expect(transcriptOf(tree)).toContain("=== ses_0");
        for (const traces of [traceSession(tree), traceSession(tree, { runs })]) {
          for (const trace of traces) expectSound(trace);
          expectNothingLost(traces, tree);
        }
      }
    }),
    { numRuns: tries(RUNS) },
  );
});

/** So many suffice for the suite; `LOOPTRACE_TEST_SEED=random` tries others each time. */
const RUNS = 100;
