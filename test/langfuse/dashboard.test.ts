import { afterEach, beforeEach, expect, test } from "vitest";
import { LangfuseApi } from "../../src/langfuse/api/langfuse-api.js";
import { DashboardApi } from "../../src/langfuse/dashboard/dashboard-api.js";
import { type DashboardResult, removeDashboard, syncDashboard } from "../../src/langfuse/dashboard/sync-dashboard.js";
import { DASHBOARD, WIDGETS } from "../../src/langfuse/dashboard/widgets.js";
import { langfuseAt } from "../support/destinations.js";
import { at } from "../support/fixtures.js";
import { Dashboards } from "../support/langfuse/dashboards.js";
import { type LangfuseStandIn, startLangfuse } from "../support/langfuse/stand-in.js";
import { refusalOf } from "../support/langfuse/widget-rules.js";

let there: Dashboards;
let langfuse: LangfuseStandIn;

beforeEach(async () => {
  there = new Dashboards();
  langfuse = await startLangfuse({ api: there.api });
});

afterEach(() => langfuse.receiver.close());

const api = () => new DashboardApi(new LangfuseApi(langfuseAt(langfuse.receiver.url)));
const done = ({ changes }: DashboardResult) => [...new Set(changes.map((one) => one.done))];

test.each(WIDGETS.map((one) => [one.key, one] as const))("Langfuse takes the widget %s", (_, { widget }) => {
  expect(refusalOf(widget)).toBeUndefined();
  // What a table is sorted by is one of its columns.
  const { defaultSort } = widget.chartConfig;
  if (defaultSort) expect(widget.metrics.map(({ measure, agg }) => `${agg}_${measure}`)).toContain(defaultSort.column);
});

test("the rules refuse what Langfuse refuses", () => {
  const [{ widget }] = [at(WIDGETS, 0)];
  expect(refusalOf({ ...widget, metrics: [{ measure: "speed", agg: "avg" }] })).toMatch(/speed/);
  expect(refusalOf({ ...widget, metrics: [{ measure: "traceId", agg: "avg" }] })).toMatch(/not valid/);
  expect(refusalOf({ ...widget, dimensions: [{ field: "id" }] })).toMatch(/Dimension/);
  expect(refusalOf({ ...widget, filters: [{ ...widget.filters[0], column: "latency" }] })).toMatch(/latency/);
  expect(refusalOf({ ...widget, chartType: "PIE" })).toMatch(/match/);
});

test("no widget stands on another, and all stand on the grid", () => {
  const taken = new Set<string>();
  for (const { key, x, y, width, height } of WIDGETS) {
    expect(x + width, key).toBeLessThanOrEqual(12);
    for (let column = x; column < x + width; column += 1)
      for (let row = y; row < y + height; row += 1) {
        expect(taken.has(`${column},${row}`), key).toBe(false);
        taken.add(`${column},${row}`);
      }
  }
  expect(new Set(WIDGETS.map(({ key }) => key)).size).toBe(WIDGETS.length);
});

test("it is made once; a second call changes nothing", async () => {
  const first = await syncDashboard(api());
  expect(done(first)).toEqual(["made"]);
  expect(there.changes).toHaveLength(WIDGETS.length + 1);
  const second = await syncDashboard(api());
  expect([second.id, done(second)]).toEqual([first.id, ["unchanged"]]);
  expect(there.changes).toHaveLength(WIDGETS.length + 1);
  expect([...there.dashboards.values()].map(({ name, definition }) => [name, definition.widgets.length])).toEqual([
    [DASHBOARD.name, WIDGETS.length],
  ]);
});

test("what was changed is brought back; a new name and what was put beside it stay", async () => {
  const { id } = await syncDashboard(api());
  const made = at([...there.dashboards.values()], 0);
  const tools = at([...there.widgets.values()], 4);
  there.widgets.set(tools.id, { ...tools, chartType: "PIE", chartConfig: { type: "PIE" } });
  const lost = at([...there.widgets.values()], 1);
  there.widgets.delete(lost.id);
  const own = { ...tools, id: "own", name: "Mine", description: "" };
  there.widgets.set("own", own);
  there.dashboards.set(made.id, {
    ...made,
    name: "Agents",
    definition: {
      widgets: [
        ...made.definition.widgets.filter(({ widgetId }) => widgetId !== lost.id),
        { type: "widget", id: "mine", widgetId: "own", x: 0, y: 0, width: 6, height: 6 },
      ],
    },
  });
  const result = await syncDashboard(api());
  expect(result.id).toBe(id);
  expect(result.changes.filter((one) => one.done !== "unchanged")).toMatchObject([
    { what: "dashboard", name: "Agents", done: "changed" },
    { what: "widget", done: "made" },
    { what: "widget", done: "changed" },
  ]);
  const now = at([...there.dashboards.values()], 0);
  expect([now.name, now.definition.widgets.length]).toEqual(["Agents", WIDGETS.length + 1]);
  // Below looptrace's, whose place it had.
  const lowest = Math.max(...WIDGETS.map(({ y, height }) => y + height));
  expect(now.definition.widgets.find(({ widgetId }) => widgetId === "own")).toMatchObject({ x: 0, y: lowest });
  expect(there.widgets.get(tools.id)?.chartType).toBe("PIVOT_TABLE");
  expect(done(await syncDashboard(api()))).toEqual(["unchanged"]);
});

test("a call that broke off is gone on with, and doubles nothing", async () => {
  there.refuses = ({ method, path }) =>
    method === "POST" && path.endsWith("/dashboards") ? { status: 500, body: { message: "no" } } : undefined;
  await expect(syncDashboard(api())).rejects.toThrow(/500: no/);
  there.refuses = undefined;
  const { changes } = await syncDashboard(api());
  expect(changes.filter((one) => one.done === "made").map(({ what }) => what)).toEqual(["dashboard"]);
  expect([there.widgets.size, there.dashboards.size]).toEqual([WIDGETS.length, 1]);
});

test("a widget that a server does not know how to draw is left out, and the others stand", async () => {
  there.refuses = ({ method, json }) =>
    method === "POST" && JSON.stringify(json).includes("usageByType")
      ? { status: 400, body: { message: 'Measure "usageByType" is not available', code: "invalid_request" } }
      : undefined;
  const result = await syncDashboard(api());
  expect(result.changes.filter(({ done: what }) => what === "refused")).toMatchObject([{ why: /usageByType/ }]);
  expect(at([...there.dashboards.values()], 0).definition.widgets).toHaveLength(WIDGETS.length - 1);
});

test("of a server that refuses all it is told what it refuses", async () => {
  there.refuses = ({ method }) =>
    method === "POST" ? { status: 400, body: { message: "Invalid request data" } } : undefined;
  await expect(syncDashboard(api())).rejects.toThrow(
    `answered 400: Invalid request data (POST /api/public/unstable/dashboards). ${WIDGETS.length} of its ${WIDGETS.length} widgets`,
  );
});

test("it is taken away with its widgets, but for one that stands elsewhere too", async () => {
  const { id } = await syncDashboard(api());
  const shared = at([...there.widgets.values()], 0);
  const place = { type: "widget", id: "a", widgetId: shared.id, x: 0, y: 0, width: 3, height: 3 } as const;
  there.dashboards.set("other", { id: "other", name: "Other", description: "", definition: { widgets: [place] } });
  expect(done(await removeDashboard(api(), { dryRun: true }))).toEqual(["removed"]);
  expect(there.dashboards.has(id ?? "")).toBe(true);
  const { changes } = await removeDashboard(api());
  expect(changes.filter((one) => one.done === "kept")).toMatchObject([{ name: shared.name }]);
  expect([[...there.dashboards.keys()], [...there.widgets.keys()]]).toEqual([["other"], [shared.id]]);
});

test("--dry-run says what would be done, and does nothing", async () => {
  const result = await syncDashboard(api(), { dryRun: true });
  expect([result.id, done(result), there.changes]).toEqual([null, ["made"], []]);
});

test("an older server gets one line", async () => {
  there.refuses = () => ({ status: 404, body: { message: "Not found" } });
  await expect(syncDashboard(api())).rejects.toThrow(
    /has no API for dashboards \(404\): it came with Langfuse 4.*or the address is wrong/,
  );
});
