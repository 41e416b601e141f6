import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Evidence } from "../../src/opencode/evidence.js";
import { assembleSessions } from "../../src/opencode/read/assemble-sessions.js";
import { readExport } from "../../src/opencode/read/read-export.js";
import { decodeText } from "../../src/text/decode-text.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { onlyOne } from "./fixtures.js";

const FOLDER = fileURLToPath(new URL("../../fixtures/reported", import.meta.url));

/** The path of a file of a situation that people reported, such as `code-mode/session.json`. */
export function reportedPath(file: string): string {
  return join(FOLDER, file);
}

/** Such a file's text. */
export function reportedText(file: string): string {
  return decodeText(readFileSync(reportedPath(file)));
}

/** The traces of a reported session; further files are its subagents'. */
export function reportedTraces(files: readonly string[], evidence: Evidence = {}): readonly LoopTrace[] {
  return assembleSessions(files.map((file) => readExport(reportedText(file), file))).flatMap((tree) =>
    traceSession(tree, evidence),
  );
}

/** The paths of all exports of a situation, relative to the folder of all. */
export function reportedFiles(situation: string): readonly string[] {
  return readdirSync(join(FOLDER, situation))
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => join(situation, file));
}

/** The trace of a situation of one turn, with its subagents' sessions. */
export function reportedTrace(situation: string): LoopTrace {
  return onlyOne(reportedTraces(reportedFiles(situation)));
}
