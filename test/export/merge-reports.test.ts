import { expect, test } from "vitest";
import type { DestinationReport } from "../../src/deliver/delivery-report.js";
import { mergeReports } from "../../src/export/merge-reports.js";

function report(id: string, more: Partial<DestinationReport> = {}): DestinationReport {
  return {
    destination: { id, kind: "otlp", label: id, url: `http://127.0.0.1/${id}` },
    acknowledged: 0,
    alreadyAcknowledged: 0,
    outdated: { settings: 0, content: 0 },
    pending: { spans: 0, requests: 0, unsavedSpans: 0 },
    rejected: 0,
    beside: {},
    lastError: undefined,
    problems: [],
    ...more,
  };
}

test("counts of the same destination are added, the last error and each problem stay once", () => {
  const first = report("a", {
    acknowledged: 3,
    rejected: 1,
    outdated: { settings: 2, content: 1 },
    beside: { scores: { acknowledged: 1, alreadyAcknowledged: 2, pending: 3, unsaved: 1, rejected: 4 } },
    pending: { spans: 2, requests: 1, unsavedSpans: 1 },
    lastError: "down",
    problems: ["disk full"],
  });
  const second = report("a", {
    acknowledged: 4,
    alreadyAcknowledged: 5,
    outdated: { settings: 4, content: 0 },
    beside: {
      scores: { acknowledged: 10, alreadyAcknowledged: 20, pending: 30, unsaved: 0, rejected: 40 },
      media: { acknowledged: 1, alreadyAcknowledged: 0, pending: 0, unsaved: 0, rejected: 0 },
    },
    pending: { spans: 1, requests: 1, unsavedSpans: 0 },
    problems: ["disk full", "receipts damaged"],
  });
  const other = report("b", { lastError: "no" });
  expect(mergeReports([first], [second, other])).toEqual([
    report("a", {
      acknowledged: 7,
      alreadyAcknowledged: 5,
      rejected: 1,
      outdated: { settings: 6, content: 1 },
      pending: { spans: 3, requests: 2, unsavedSpans: 1 },
      beside: {
        scores: { acknowledged: 11, alreadyAcknowledged: 22, pending: 33, unsaved: 1, rejected: 44 },
        media: { acknowledged: 1, alreadyAcknowledged: 0, pending: 0, unsaved: 0, rejected: 0 },
      },
      lastError: "down",
      problems: ["disk full", "receipts damaged"],
    }),
    other,
  ]);
  expect(mergeReports([], [])).toEqual([]);
});
