import { expect, test } from "vitest";
import { type Entry, historyTable, processorName, type Run, withRun, withTable } from "./history.js";

const where = { looptrace: "0.1.0", date: "2026-11-29", node: "v20.20.2", platform: "linux x64" };
const figures = { unit: "ms", looptrace: 1, bare: 2, rounds: 3 } as const;

function run(ratios: Readonly<Record<string, number>>, more: Partial<Run> = {}): Run {
  const comparisons = Object.entries(ratios).map(([name, ratio]) => ({ ...figures, name, ratio, aim: 4 }));
  return { ...where, comparisons, ...more };
}

test("parts of one day are one entry, another version another", () => {
  let entries: readonly Entry[] = withRun([], run({ show: 3.14567, help: 2 }));
  entries = withRun(entries, run({ help: 1.2345, warm: 0.123456 }));
  entries = withRun(entries, run({ show: 2 }, { looptrace: "0.2.0" }));
  expect(entries).toEqual([
    { ...where, ratios: { show: 3.15, help: 1.23, warm: 0.123 }, aims: { show: 4, help: 4, warm: 4 } },
    { ...where, looptrace: "0.2.0", ratios: { show: 2 }, aims: { show: 4 } },
  ]);
  expect(historyTable(entries).split("\n")).toEqual([
    "| ratio | aim | 0.1.0 2026-11-29 | 0.2.0 2026-11-29 |",
    "| --- | ---: | ---: | ---: |",
    "| show | ≤ 4 | 3.15 | 2 |",
    "| help | ≤ 4 | 1.23 |  |",
    "| warm | ≤ 4 | 0.123 |  |",
  ]);
});

test("another machine's is an entry of its own, and says which machine it is", () => {
  const platform = "linux x64, 2 × Some Processor";
  const entries = withRun(withRun([], run({ show: 3 })), run({ show: 2 }, { platform }));
  expect(historyTable(entries).split("\n")).toEqual([
    "| ratio | aim | 0.1.0 2026-11-29 | 0.1.0 2026-11-29, 2 × Some Processor |",
    "| --- | ---: | ---: | ---: |",
    "| show | ≤ 4 | 3 | 2 |",
  ]);
});

test("what nothing is aimed at is kept, and left out of the table", () => {
  const entries = withRun([], { ...where, comparisons: [{ ...figures, name: "memory", ratio: 2 }] });
  expect(entries[0]?.ratios).toEqual({ memory: 2 });
  expect(historyTable(entries).split("\n")).toHaveLength(2);
});

test("the table goes where the page has its place, whatever is in it", () => {
  const page = "# Page\n<!-- history -->\n| old |\n<!-- /history -->\nmore";
  expect(withTable(page, "| $& new |")).toBe("# Page\n<!-- history -->\n| $& new |\n<!-- /history -->\nmore");
  const empty = "<!-- history -->\n<!-- /history -->";
  expect(withTable(empty, "| new |")).toBe("<!-- history -->\n| new |\n<!-- /history -->");
  expect(() => withTable("# Page", "| new |")).toThrow("no <!-- history -->");
});

test.each([
  ["Intel(R) Xeon(R) Processor @ 2.00GHz", "Intel Xeon"],
  ["Intel(R) Core(TM) i7-9750H CPU @ 2.60GHz", "Intel Core i7-9750H"],
  ["AMD EPYC 7B13", "AMD EPYC 7B13"],
  ["AMD Ryzen 9 5950X 16-Core Processor", "AMD Ryzen 9 5950X 16-Core"],
  ["Apple M2", "Apple M2"],
  ["", "unknown"],
])("the processor %s is called %s", (model, name) => expect(processorName(model)).toBe(name));
