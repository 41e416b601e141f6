/** The traces of all recorded sessions, whatever they were recorded for; each is traced once. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { assembleSessions } from "../../src/opencode/read/assemble-sessions.js";
import { readExport } from "../../src/opencode/read/read-export.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { fixtureNames, loadFixture, tracesOf } from "./fixtures.js";
import { loadOpencode2, opencode2Names } from "./opencode2-fixtures.js";
import { reportedFiles, reportedText } from "./reported.js";
import { loadWireFixture, wireFixtureNames } from "./wire-fixtures.js";

export interface RecordedSession {
  readonly name: string;
  readonly traces: readonly LoopTrace[];
}

const REPORTED = fileURLToPath(new URL("../../fixtures/reported", import.meta.url));

let known: readonly RecordedSession[] | undefined;

/** One for each session that is no subagent's. */
export function recordedSessions(): readonly RecordedSession[] {
  known ??= [...ofOpencode1(), ...ofOpencode2(), ...reported(), ...ofWire()];
  return known;
}

function ofOpencode1(): readonly RecordedSession[] {
  return fixtureNames.map((name) => ({ name, traces: tracesOf(loadFixture(name), "log") }));
}

function ofOpencode2(): readonly RecordedSession[] {
  return opencode2Names.flatMap((name) => {
    const { tree, forks } = loadOpencode2(name);
    const trees = [tree, ...forks.map((session) => ({ session, children: [] }))];
    return trees.map((one, index) => ({ name: `opencode2/${name} ${index}`, traces: traceSession(one) }));
  });
}

function reported(): readonly RecordedSession[] {
  const folders = readdirSync(REPORTED, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.flatMap(({ name }) =>
    assembleSessions(reportedFiles(name).map((file) => readExport(reportedText(file), file))).map((tree, index) => ({
      name: `reported/${name} ${index}`,
      traces: traceSession(tree),
    })),
  );
}

function ofWire(): readonly RecordedSession[] {
  return wireFixtureNames.map((name) => {
    const { tree, evidence } = loadWireFixture(name);
    return { name: `wire/${name}`, traces: traceSession(tree, evidence) };
  });
}
