import { expect, test } from "vitest";
import { type Conversation, talksOf } from "../../../src/analysis/findings/conversation.js";
import { subagentRereads } from "../../../src/analysis/findings/subagent-rereads.js";
import { assembleSessions } from "../../../src/opencode/read/assemble-sessions.js";
import { readExport } from "../../../src/opencode/read/read-export.js";
import { pricesOf } from "../../../src/trace/token-prices.js";
import { traceSession } from "../../../src/trace/trace-session.js";
import { shapedSession } from "../../bench/synthetic-session.js";

test("each step is looked at as often, however many subagents a loop has started", () => {
  const { exports } = shapedSession({ turns: 1, steps: 40, tools: 2, output: 100, subagents: 20 });
  const traces = assembleSessions(exports.map((text) => readExport(text, "made"))).flatMap((tree) =>
    traceSession(tree),
  );
  const talks = talksOf(traces);
  let looks = 0;
  const watched = ({ sessionId, steps }: Conversation): Conversation => ({
    sessionId,
    steps: steps.map((one) => {
      const { tools } = one.step;
      const count = (): typeof tools => {
        looks += 1;
        return tools;
      };
      return { ...one, step: Object.defineProperty({ ...one.step }, "tools", { get: count }) };
    }),
  });
  subagentRereads({ ...talks, conversations: talks.conversations.map(watched) }, pricesOf([]));
  expect(talks.conversations).toHaveLength(21);
  expect(looks).toBe(2 * talks.conversations.reduce((sum, { steps }) => sum + steps.length, 0));
});
