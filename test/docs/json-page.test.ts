import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import type { BillRow, ContextBill, UnusedTools } from "../../src/analysis/context-bill.js";
import type { Advice, AdviceItem } from "../../src/analysis/findings/advice.js";
import type { RequestDiff } from "../../src/analysis/request-diff.js";
import type { WireRequest } from "../../src/analysis/wire-requests.js";
import { taskRequestSchema } from "../../src/batch/task.js";
import { taskResultSchema } from "../../src/batch/task-result.js";
import type { SessionRow } from "../../src/catalog/session-row.js";
import type { SessionsSummary } from "../../src/cli/trace-document.js";
import type { DestinationReport } from "../../src/deliver/delivery-report.js";
import type { DestinationInfo } from "../../src/deliver/destinations/destination.js";
import type { PushResult } from "../../src/deliver/push-outbox.js";
import type { Discarded } from "../../src/deliver/queue/discard-outbox.js";
import type { OutboxStatus } from "../../src/deliver/queue/outbox-status.js";
import { errorFactsSchema } from "../../src/errors/error-facts.js";
import type { SpanFinding } from "../../src/langfuse/verify/verify-trace.js";
import type { WirePluginChange } from "../../src/opencode/program.js";
import type { RequestList } from "../../src/terminal/paint-requests.js";
import type { Loop, SessionFacts } from "../../src/trace/model.js";
import { looptrace } from "../support/cli.js";
import { loadFixture } from "../support/fixtures.js";
import {
  batchJson,
  dashboardJson,
  doctorJson,
  showJson,
  spanFields,
  statsJson,
  stepJson,
  tokensJson,
  toolsJson,
  traceShapes,
  verifyJson,
} from "../support/json-shapes.js";
import { namesIn, pageAt } from "./pages.js";

const PAGE = "docs/json.md";

/** Names of fields that the compiler holds to a type: one more or less there is an error here. */
function fieldsOf<T>() {
  return (fields: Readonly<Record<keyof Required<T>, true>>): readonly string[] => Object.keys(fields);
}

const LOOP = fieldsOf<Loop>()({
  ...{ spanId: true, start: true, end: true, timing: true },
  ...{ sessionId: true, userMessageId: true, agent: true, model: true, input: true, unanswered: true },
  ...{ output: true, outcome: true, error: true, failedStep: true, steps: true, totals: true },
  ...{
    totalsWithSubagents: true,
    account: true,
    phases: true,
    ownTime: true,
    around: true,
    otherCalls: true,
    loops: true,
    run: true,
    copied: true,
    over: true,
    notes: true,
  },
});
const SESSION = fieldsOf<SessionFacts>()({
  ...{ id: true, title: true, directory: true, opencodeVersion: true, projectId: true, parentId: true },
  ...{ turn: true, turns: true, unread: true },
});
const SUMMARY = fieldsOf<SessionsSummary>()({
  ...{ of: true, traced: true, skipped: true, failed: true, left: true, seconds: true, perSecond: true },
});
const REPORT = fieldsOf<DestinationReport>()({
  ...{ destination: true, acknowledged: true, alreadyAcknowledged: true, outdated: true, pending: true },
  ...{ rejected: true, beside: true, lastError: true, problems: true },
});
const DESTINATION = fieldsOf<DestinationInfo>()({
  ...{ id: true, kind: true, label: true, url: true, keyStart: true },
});
const PUSH = fieldsOf<PushResult>()({ reports: true, unconfigured: true, problems: true });
const STATUS = fieldsOf<OutboxStatus>()({
  ...{
    destination: true,
    requests: true,
    spans: true,
    beside: true,
    bytes: true,
    sinceMs: true,
    rejectedRequests: true,
  },
  lastError: true,
});
const DISCARDED = fieldsOf<Discarded>()({
  ...{ destination: true, requests: true, spans: true, beside: true, traceIds: true, fromMs: true, toMs: true },
  inDelivery: true,
});

const BILL = fieldsOf<ContextBill>()({
  ...{
    by: true,
    sessions: true,
    calls: true,
    otherCalls: true,
    callsWithoutUsage: true,
    callsWithoutWire: true,
    shown: true,
  },
  ...{ rows: true, total: true, unused: true, tokensError: true },
});
const BILL_ROW = fieldsOf<BillRow>()({
  ...{ group: true, name: true, owner: true, tokens: true, share: true, calls: true, paidTokens: true },
  ...{ cachedTokens: true, cost: true },
});
const UNUSED = fieldsOf<UnusedTools>()({
  ...{ name: true, origin: true, server: true, tools: true, all: true, tokens: true, paidTokens: true, cost: true },
});
const ADVICE = fieldsOf<Advice>()({ sessions: true, calls: true, recordedCalls: true, findings: true });
const ADVICE_ITEM = fieldsOf<AdviceItem>()({
  ...{ kind: true, subject: true, title: true, sessions: true, tokens: true, ms: true, usd: true, share: true },
  ...{ where: true, evidence: true, sessionId: true, advice: true },
});
const REQUEST_DIFF = fieldsOf<RequestDiff & Record<"from" | "to", number>>()({
  ...{ from: true, to: true, identical: true, firstDifference: true, changes: true },
});
const WIRE_PLUGIN = fieldsOf<WirePluginChange>()({
  ...{ state: true, config: true, folder: true, recordings: true, content: true, changes: true, byHand: true },
  recorded: true,
});
const WIRE = fieldsOf<RequestList>()({ sessionId: true, title: true, notes: true, requests: true });
const REQUEST = fieldsOf<WireRequest>()({
  ...{ number: true, exchangeId: true, sessionId: true, agent: true, kind: true, name: true, turn: true, step: true },
  ...{ spanId: true, model: true, method: true, url: true, sentAt: true, firstByteMs: true, durationMs: true },
  ...{ status: true, requestId: true, requestBytes: true, newBytes: true, responseBytes: true, promptTokens: true },
  ...{ cachedTokens: true, cacheWriteTokens: true, outputTokens: true, cost: true, end: true, error: true },
});

/** Of all kinds together. */
type EveryFinding = SpanFinding extends infer One ? (One extends unknown ? keyof One : never) : never;
const VERIFY_FINDING = fieldsOf<Record<EveryFinding, true>>()({
  ...{ kind: true, spanId: true, name: true, times: true, fields: true },
});

const KEPT = fieldsOf<SessionRow & Record<"kind" | "storedAt" | "costByUser", unknown>>()({
  ...{ kind: true, id: true, title: true, directory: true, project: true, began: true, at: true, storedAt: true },
  ...{
    models: true,
    outcome: true,
    errorCode: true,
    errors: true,
    turns: true,
    steps: true,
    tokens: true,
    cost: true,
    duration: true,
  },
  ...{
    slowestTool: true,
    toolFailures: true,
    missingSubagents: true,
    doubtfulCalls: true,
    tags: true,
    costByUser: true,
  },
});

const keys = (shape: { readonly shape: object }): readonly string[] => Object.keys(shape.shape);
const withoutSpan = (fields: readonly string[]): readonly string[] =>
  fields.filter((field) => !spanFields.includes(field));
const withoutKey = (fields: readonly string[]): readonly string[] => fields.filter((field) => field !== "key");
const { call, step, tool, totals, usage, account, cause, usageDoubt, otherCall } = traceShapes;
const { wireFacts, wireTables, requestFacts, phase, ownTime } = traceShapes;
const tokenCall = tokensJson.element.shape.calls.element;
const slowest = toolsJson.shape.slowest.element;
const [show, total] = [showJson.element, toolsJson.shape.total];

test.each<[title: string, fields: readonly string[]]>([
  ["batch", keys(batchJson)],
  ["stats", keys(statsJson)],
  ["figure of rows", withoutKey(keys(statsJson.shape.rows.element))],
  ["figure of a tool", keys(statsJson.shape.tools.unwrap().element)],
  ["field of a trend in found", keys(statsJson.shape.trends.unwrap().shape.found.element)],
  ["field of show --step", keys(stepJson.element)],
  ["tokens", keys(tokensJson.element)],
  ["field of a call in tokens", keys(tokenCall)],
  ["field of a kept session", KEPT],
  ["tools", keys(toolsJson)],
  ["figure of tools", keys(total)],
  ["field of a call in slowest", keys(slowest)],
  ["context", BILL],
  ["field of a row in context", BILL_ROW],
  ["field of unused tools", UNUSED],
  ["advise", ADVICE],
  ["field of a finding in advise", ADVICE_ITEM],
  ["wire", WIRE],
  ["field of a request", REQUEST],
  ["field of wire --diff", REQUEST_DIFF],
  ["field of wire install", WIRE_PLUGIN],
  ["push", PUSH],
  ["field of push --status", STATUS],
  ["field of push --discard", DISCARDED],
  ["verify", keys(verifyJson)],
  ["field of a trace in verify", keys(verifyJson.shape.traces.element)],
  ["field of a finding in verify", VERIFY_FINDING],
  ["dashboard", keys(dashboardJson)],
  ["doctor", keys(doctorJson)],
  ["field of a finding", keys(doctorJson.shape.findings.element)],
  ["field of a trace", keys(show)],
  ["field of session", SESSION],
  ["field of a span", spanFields],
  ["field of a loop, beside a span's", withoutSpan(LOOP)],
  ["field of a step, beside a span's", withoutSpan(keys(step))],
  ["field of a call, beside a span's", withoutSpan(keys(call))],
  ["field of an other call, beside a span's", withoutSpan(keys(otherCall))],
  ["field of a retry, beside a span's", withoutSpan(keys(step.shape.retries.element))],
  ["field of a tool, beside a span's", withoutSpan(keys(tool))],
  ["field of the wire of a trace", keys(wireTables)],
  ["field of the wire of a call", keys(wireFacts)],
  ["field of a request's content", keys(requestFacts)],
  ["field of totals", keys(totals)],
  ["field of usage", keys(usage)],
  ["field of cumulative", keys(call.shape.cumulative)],
  ["field of an account", keys(account)],
  ["field of a phase", keys(phase)],
  ["kind of own time", keys(ownTime)],
  ["field of a cause", keys(cause)],
  ["field of a doubt", keys(usageDoubt)],
  ["field of sessions in trace", SUMMARY],
  ["field of a report", REPORT],
  ["field of a destination", DESTINATION],
])("%s: the documented fields are those of the program", (title, fields) => {
  expect(namesIn(PAGE, title).toSorted()).toEqual(fields.toSorted());
});

test("the page has a section for every command with --json", () => {
  const { text } = pageAt(PAGE);
  for (const command of ["run", "batch", "worker", "trace", "show", "tokens", "tools", "diff", "check"])
    expect(text).toContain(`\n## ${command}\n`);
  for (const command of [
    "context",
    "advise",
    "wire",
    "attach and watch",
    "report",
    "view",
    "push",
    "verify",
    "dashboard",
    "server",
    "trust",
    "doctor",
  ])
    expect(text).toContain(`\n## ${command}\n`);
});

test("a task's fields, and those of its result", () => {
  expect(namesIn("docs/batches.md", "Tasks").toSorted()).toEqual(keys(taskRequestSchema.unwrap()).toSorted());
  const [first, second] = [namesIn("docs/batches.md", "Results"), keys(taskResultSchema.unwrap())];
  expect(first.toSorted()).toEqual(second.toSorted());
});

test("every class of errors is explained, with what it adds", () => {
  const options = errorFactsSchema.options.map(({ shape }) => shape);
  const codes = options.map(({ code }) => code.value);
  expect(namesIn("docs/concepts.md", "Errors")).toEqual(codes);
  const every = options.flatMap((shape) => Object.keys(shape));
  const shared = new Set(every.filter((field) => options.every((shape) => field in shape)));
  const table = pageAt(PAGE).tables.find(({ header }) => header === "code");
  const told = table?.rows.map(({ names, rest }) => [...names, ...(rest[0]?.match(/\w+/g) ?? [])]);
  expect(told).toEqual(
    options.map((shape) => [shape.code.value, ...Object.keys(shape).filter((field) => !shared.has(field))]),
  );
  const [, section = ""] = pageAt(PAGE).text.split("\n## An error\n");
  for (const field of shared) expect(section).toContain(`\`${field}\``);
});

test("every kind of event is explained", () => {
  const names = namesIn("docs/concepts.md", "Spans");
  for (const name of step.shape.events.element.shape.name.options) expect(names).toContain(name);
});

let folder: string;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "json-page-")));
  for (const name of ["multistep", "failing-tool"])
    await writeFile(join(folder, `${name}.json`), loadFixture(`${name}@1.18.33`).text);
  await writeFile(join(folder, "looptrace.config.json"), '{"langfuse":{"baseUrl":"http://127.0.0.1:1"}}');
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const plain = z.record(z.string(), z.unknown());

/** Fields of what a command prints; of a list those of its first item. */
async function printed(argv: readonly string[], at: readonly string[] = []): Promise<readonly string[]> {
  const env = { HOME: folder, LOOPTRACE_HOME: join(folder, "store"), LOOPTRACE_TRUST: "*", ...LANGFUSE };
  const { stdout, stderr } = await looptrace([...argv, "--json"], { env, cwd: folder });
  expect(stdout, stderr).not.toBe("");
  let value: unknown = JSON.parse(stdout);
  for (const name of at) {
    const inner = plain.parse(value)[name];
    value = Array.isArray(inner) ? inner[0] : inner;
  }
  return Object.keys(plain.parse(value));
}

const LANGFUSE = { LANGFUSE_PUBLIC_KEY: "pk-lf-1", LANGFUSE_SECRET_KEY: "sk-lf-1" };
const DIFF = ["diff", "multistep.json", "failing-tool.json"];
const CHECK = ["check", "multistep.json", "--max-steps", "1"];

test.each<[title: string, argv: readonly string[], at: readonly string[]]>([
  ["diff", DIFF, []],
  ["field of a turn in diff", DIFF, ["turns"]],
  ["figure of diff", DIFF, ["turns", "figures"]],
  ["check", CHECK, []],
  ["field of a session in check", CHECK, ["sessions"]],
  ["field of a result in check", CHECK, ["sessions", "results"]],
  ["trust", ["trust"], []],
])("%s: the documented fields are those that are printed", async (title, argv, at) => {
  expect(namesIn(PAGE, title).toSorted()).toEqual((await printed(argv, at)).toSorted());
});

test("trust --list and --remove", async () => {
  const { text } = pageAt(PAGE);
  for (const flag of ["--list", "--remove"])
    expect(text).toContain(`\`{ ${(await printed(["trust", flag])).join(", ")} }\``);
});
