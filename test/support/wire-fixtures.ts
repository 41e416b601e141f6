import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { assembleSessions } from "../../src/opencode/read/assemble-sessions.js";
import { readLogEvidence } from "../../src/opencode/read/log-evidence.js";
import { readExport } from "../../src/opencode/read/read-export.js";
import type { SessionTree } from "../../src/opencode/schema/exported-session.js";
import type { LoadedSession } from "../../src/sessions/loaded-session.js";
import { readRecording } from "../../src/wire/recording/read-recording.js";
import { onlyOne } from "./fixtures.js";

const FOLDER = fileURLToPath(new URL("../../fixtures/wire", import.meta.url));

/** A recording of a real opencode against the scripted provider, with what it sent (see `fixtures/record-wire.ts`). */
export interface WireFixture extends LoadedSession {
  readonly tree: SessionTree;
  /** The path of the session's export; the recording lies beside it. */
  readonly path: string;
  /** The recording's text. */
  readonly text: string;
  /** What the provider saw: its models, titles among them, and how it answered. */
  readonly provider: readonly z.infer<typeof seen>[];
}

/** The MCP servers that opencode had, where that matters. */
const about = z.looseObject({ mcpServers: z.array(z.string()).optional() });

const seen = z.looseObject({ model: z.string(), title: z.boolean(), status: z.number().optional() });

/** `<scenario>@<version>`, sorted. */
export const wireFixtureNames: readonly string[] = readdirSync(FOLDER).sort();

/** @throws when there is no such fixture, or it is not whole */
export function loadWireFixture(name: string): WireFixture {
  const folder = join(FOLDER, name);
  const read = (file: string): string => readFileSync(join(folder, file), "utf8");
  const exports = readdirSync(folder).filter((file) => /^(?:session|subagent-\d+)\.json$/.test(file));
  const text = read("session.wire.jsonl");
  const { mcpServers } = about.parse(JSON.parse(read("about.json")));
  return {
    path: join(folder, "session.json"),
    text,
    tree: onlyOne(assembleSessions(exports.map((file) => readExport(read(file), file)))),
    evidence: {
      log: readLogEvidence(read("opencode.log")),
      wire: readRecording(text, name),
      ...(mcpServers ? { mcpServers } : {}),
    },
    provider: z.array(seen).parse(JSON.parse(read("provider.json"))),
  };
}
