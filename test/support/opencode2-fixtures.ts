import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assembleSessions } from "../../src/opencode/read/assemble-sessions.js";
import { readExport } from "../../src/opencode/read/read-export.js";
import type { SessionExport, SessionTree } from "../../src/opencode/schema/exported-session.js";
import type { SessionExportV2 } from "../../src/opencode/v2/schema/session-export.js";
import { onlyOne } from "./fixtures.js";

const FOLDER = fileURLToPath(new URL("../../fixtures/opencode2", import.meta.url));

/** Sessions of opencode 2; see `fixtures/opencode2/README.md` for what made them. */
export interface Opencode2Fixture {
  readonly name: string;
  /** Recorded by a build before 2.0; else rewritten by rule into the schema of 2.0.26. */
  readonly isRecorded: boolean;
  readonly text: string;
  readonly session: SessionExportV2;
  /** The sessions of its subagents, as text too. */
  readonly subagentTexts: readonly string[];
  readonly subagents: readonly SessionExportV2[];
  /** Those that were copied from it. */
  readonly forks: readonly SessionExportV2[];
  readonly tree: SessionTree;
}

/** The names of all, sorted. */
export const opencode2Names: readonly string[] = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();

/** @throws when there is no such fixture, or it is not whole */
export function loadOpencode2(name: string): Opencode2Fixture {
  const folder = join(FOLDER, name);
  const read = (file: string): SessionExportV2 =>
    generation2(readExport(readFileSync(join(folder, file), "utf8"), file));
  const files = readdirSync(folder).sort();
  const textOf = (file: string): string => readFileSync(join(folder, file), "utf8");
  const session = read("session.json");
  const subagentFiles = files.filter((file) => file.startsWith("subagent-"));
  const subagents = subagentFiles.map(read);
  return {
    name,
    isRecorded: name.includes("@"),
    text: textOf("session.json"),
    subagentTexts: subagentFiles.map(textOf),
    session,
    subagents,
    forks: files.filter((file) => file.startsWith("fork-")).map(read),
    tree: onlyOne(assembleSessions([session, ...subagents]), `session in ${name}`),
  };
}

/** A session that is known to be opencode 2's. */
export function generation2(session: SessionExport): SessionExportV2 {
  if (session.generation !== 2) throw new Error(`${session.info.id} is a session of opencode ${session.generation}`);
  return session;
}
