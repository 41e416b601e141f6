import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { deliver } from "../../src/deliver/deliver.js";
import type { DestinationReport } from "../../src/deliver/delivery-report.js";
import type { SendResult } from "../../src/deliver/http/send-result.js";
import { pushOutbox } from "../../src/deliver/push-outbox.js";
import { spansIn } from "../../src/deliver/queue/otlp-body.js";
import { outboxStatus } from "../../src/deliver/queue/outbox-status.js";
import { storePathsAt } from "../../src/files/store-paths.js";
import { langfuseAt } from "../support/destinations.js";
import { fakeClock } from "../support/fake-clock.js";
import { otlpRequest, spanId } from "../support/otlp-requests.js";
import { patiently } from "../support/patience.js";
import { tries } from "../support/tries.js";

// Hundreds of outboxes on a disk, which a busy machine takes its time for.
vi.setConfig({ testTimeout: patiently(120_000) });

const message = "as the test has it";
const retryAfterMs = undefined;

const trouble = fc.constantFrom<SendResult>(
  { kind: "acknowledged" },
  { kind: "partial", rejectedSpans: 1, message },
  { kind: "rejected", status: 413, message },
  { kind: "unauthorised", status: 401, message },
  { kind: "misdirected", status: 404, message },
  { kind: "throttled", retryAfterMs, message },
  { kind: "unavailable", retryAfterMs, message },
  { kind: "unavailable", retryAfterMs: 60_000, message },
);

const requests = fc.array(
  fc.record({ spans: fc.integer({ min: 1, max: 6 }), first: fc.integer({ min: 1, max: 30 }) }),
  { maxLength: 8 },
);

function total(report: DestinationReport): number {
  return report.acknowledged + report.alreadyAcknowledged + report.pending.spans + report.rejected;
}

test("every span is acknowledged, pending or rejected, and what is pending lies in the outbox", async () => {
  await fc.assert(
    fc.asyncProperty(
      requests,
      fc.array(trouble, { maxLength: 25 }),
      fc.uniqueArray(fc.integer({ min: 1, max: 36 }), { maxLength: 4 }),
      async (plan, script, malformed) => {
        const folder = await mkdtemp(join(tmpdir(), "looptrace-invariants-"));
        try {
          const paths = storePathsAt(join(folder, "looptrace"));
          const bad = new Set(malformed.map(spanId));
          const answers = [...script];
          const taken: string[] = [];
          const refused = new Set<string>();
          const send = async (_: unknown, body: Uint8Array): Promise<SendResult> => {
            const ids = spansIn(body).map((span) => span.spanId);
            const answer: SendResult = ids.some((id) => bad.has(id))
              ? { kind: "rejected", status: 400, message }
              : (answers.shift() ?? { kind: "acknowledged" });
            const whole = answer.kind === "partial" && answer.rejectedSpans < ids.length;
            if (answer.kind === "acknowledged" || whole) taken.push(...ids);
            // Only a span that was refused by itself may be given up.
            else if ((answer.kind === "rejected" || answer.kind === "partial") && ids.length === 1)
              for (const id of ids) refused.add(id);
            return answer;
          };
          const given = plan.map(({ spans, first }) => otlpRequest(spans, { first }));
          const destination = langfuseAt("http://127.0.0.1:9");
          const options = { paths, send };
          const [report] = await deliver(given, [destination], { ...options, clock: fakeClock() });
          if (report === undefined) throw new Error("no report");
          expect(total(report)).toBe(given.reduce((sum, { spanIds }) => sum + spanIds.length, 0));
          expect(report.problems).toEqual([]);
          expect(report.pending.unsavedSpans).toBe(0);
          const [status] = await outboxStatus(paths);
          expect(status).toMatchObject({ spans: report.pending.spans, requests: report.pending.requests });

          answers.length = 0;
          const pushed = await pushOutbox([destination], { ...options, clock: fakeClock() });
          const [rest] = pushed.reports;
          if (rest === undefined) throw new Error("no report");
          expect(total(rest)).toBe(report.pending.spans);
          expect(new Set(taken).size).toBe(taken.length);
          // Once the destination is well, all that it can take is with it, whatever happened before.
          if (bad.size === 0) expect(rest.pending.spans).toBe(0);
          if (rest.pending.spans === 0) {
            const arrived = new Set(taken);
            const missing = given.flatMap(({ spanIds }) => spanIds).filter((id) => !arrived.has(id));
            expect(missing.filter((id) => !refused.has(id))).toEqual([]);
          }
        } finally {
          await rm(folder, { recursive: true, force: true });
        }
      },
    ),
    { numRuns: tries(30) },
  );
});
