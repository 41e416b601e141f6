import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { assembleSessions } from "../../src/opencode/read/assemble-sessions.js";
import { type LogEvidence, readLogEvidence } from "../../src/opencode/read/log-evidence.js";
import { readExport } from "../../src/opencode/read/read-export.js";
import type { SessionTreeV1 } from "../../src/opencode/schema/exported-session.js";
import type { SessionExportV1 } from "../../src/opencode/schema/session-export.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";

import { generation1, tree1 } from "./generation1.js";

const FOLDER = fileURLToPath(new URL("../../fixtures", import.meta.url));

/** What the scripted provider saw of one request; its clock is opencode's. Times in ms since the epoch. */
const providerRequest = z.object({
  number: z.number(),
  model: z.string(),
  received: z.number(),
  /** opencode's own request for the session's title. */
  title: z.boolean(),
  outcome: z.string(),
  sessionId: z.string(),
  status: z.number().optional(),
  firstChunk: z.number().optional(),
  firstContent: z.number().optional(),
  lastChunk: z.number().optional(),
});
export type ProviderRequest = z.infer<typeof providerRequest>;

const about = z.object({
  situation: z.string(),
  opencode: z.string(),
  /** How each run of opencode ended: its exit code, or the signal's name. */
  exits: z.array(z.union([z.number(), z.string()])),
});

/** A recording of a real opencode against the scripted provider. */
export interface Fixture {
  /** `<scenario>@<version>`, the folder's name. */
  readonly name: string;
  readonly scenario: string;
  readonly version: string;
  /** The export's text, for tests that take it apart. */
  readonly text: string;
  /** The subagents' exports, in the order of their files. */
  readonly subagentTexts: readonly string[];
  readonly session: SessionExportV1;
  readonly subagents: readonly SessionExportV1[];
  readonly tree: SessionTreeV1;
  readonly logText: string;
  readonly log: LogEvidence;
  readonly provider: readonly ProviderRequest[];
  readonly about: z.infer<typeof about>;
}

/** The names of all fixtures, sorted. */
export const fixtureNames: readonly string[] = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name.includes("@"))
  .map(({ name }) => name)
  .sort();

/** @throws when there is no such fixture, or it is not whole */
export function loadFixture(name: string): Fixture {
  const known = loaded.get(name) ?? deeplyFrozen(readFixture(name));
  loaded.set(name, known);
  return known;
}

/** Read once, since many tests want the same; frozen, since they share it. */
const loaded = new Map<string, Fixture>();

function deeplyFrozen<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const one of Object.values(value)) deeplyFrozen(one);
  return value;
}

function readFixture(name: string): Fixture {
  const folder = join(FOLDER, name);
  const read = (file: string): string => readFileSync(join(folder, file), "utf8");
  const text = read("session.json");
  const subagentTexts = readdirSync(folder)
    .filter((file) => /^subagent-\d+\.json$/.test(file))
    .sort()
    .map(read);
  const session = generation1(readExport(text, name));
  const subagents = subagentTexts.map((one, index) => generation1(readExport(one, `${name}, subagent ${index + 1}`)));
  const logText = read("opencode.log");
  const [scenario = "", version = ""] = name.split("@");
  return {
    name,
    scenario,
    version,
    text,
    subagentTexts,
    session,
    subagents,
    tree: tree1(onlyOne(assembleSessions([session, ...subagents]), `session in ${name}`)),
    logText,
    log: readLogEvidence(logText),
    provider: z.array(providerRequest).parse(JSON.parse(read("provider.json"))),
    about: about.parse(JSON.parse(read("about.json"))),
  };
}

/** A fixture's traces, with opencode's log as evidence or from the export alone. */
export function tracesOf(fixture: Fixture, evidence: "log" | "export"): readonly LoopTrace[] {
  const known = traced[evidence].get(fixture);
  const traces = known ?? deeplyFrozen(traceSession(fixture.tree, evidence === "log" ? { log: fixture.log } : {}));
  traced[evidence].set(fixture, traces);
  return traces;
}

/** Made once, like what is loaded. */
const traced = { log: new Map<Fixture, readonly LoopTrace[]>(), export: new Map<Fixture, readonly LoopTrace[]>() };

/** The one trace of a fixture that has one turn. */
export function traceOf(name: string, evidence: "log" | "export" = "log"): LoopTrace {
  return onlyOne(tracesOf(loadFixture(name), evidence), `trace of ${name}`);
}

/** The only item of a list. @throws when there is none, or more than one */
export function onlyOne<T>(items: readonly T[], what = "item"): T {
  const [item] = items;
  if (item === undefined || items.length !== 1) throw new Error(`${items.length} instead of one ${what}`);
  return item;
}

/** An item that has to be there. @throws when it is not */
export function at<T>(items: readonly T[], index: number): T {
  const item = items.at(index);
  if (item === undefined) throw new Error(`no item ${index} among ${items.length}`);
  return item;
}
