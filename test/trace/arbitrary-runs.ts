/** What was followed of a session's runs, whether it fits the session or not. */
import fc from "fast-check";
import type { RunEvidence } from "../../src/opencode/evidence.js";
import { T0 } from "./make-session.js";

const moment = fc.integer({ min: -1_000, max: 20_000 }).map((ms) => T0 + ms);

/** Runs whose events tell of anything, at any time. */
export const arbitraryRuns: fc.Arbitrary<readonly RunEvidence[]> = fc.array(
  fc.record({
    streamErrors: fc.constant([]),
    exit: fc.constantFrom({ kind: "served" as const }, { kind: "served" as const, asked: "deadline" as const }),
    startedAt: fc.integer({ min: -1_000, max: 5_000 }).map((ms) => T0 + ms),
    endedAt: moment,
    stderr: fc.constant(""),
    retries: fc.array(
      fc.record({
        sessionId: fc.constantFrom("ses_0", "ses_1", "ses_2"),
        at: moment,
        next: moment,
        attempt: fc.nat(6),
        reason: fc.oneof(fc.constantFrom("Rate limit reached", "Overloaded"), fc.string()),
      }),
      { maxLength: 8 },
    ),
    permissions: fc.array(
      fc
        .record({
          sessionId: fc.constantFrom("ses_0", "ses_1", "ses_2"),
          callId: fc.option(
            fc.nat(6).map((part) => `call_${part}`),
            { nil: undefined },
          ),
          permission: fc.constantFrom("bash", "external_directory", "doom_loop"),
          patterns: fc.array(fc.string(), { maxLength: 2 }),
          askedAt: moment,
          waited: fc.option(fc.integer({ min: -50, max: 9_000 })),
          answer: fc.constantFrom("once" as const, "always" as const, "reject" as const),
          by: fc.constantFrom("policy" as const, "other" as const),
        })
        .map(({ callId, waited, answer, ...one }) => ({
          ...one,
          ...(callId === undefined ? {} : { callId }),
          answeredAt: waited === null ? null : one.askedAt + waited,
          answer: waited === null ? null : answer,
        })),
      { maxLength: 8 },
    ),
  }),
  { maxLength: 2 },
);
