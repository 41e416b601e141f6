import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MirroredSession2 } from "../../src/opencode/v2/server/session-mirror.js";
import type { RecordedEvent, Turn } from "./opencode2-turns.js";

/** A situation of `fixtures/opencode2-events`. */
export interface Recording {
  readonly name: string;
  /** The session that was prompted. */
  readonly sessionId: string;
  readonly events: readonly RecordedEvent[];
  /** How the sessions were in the end, that one first. */
  readonly sessions: readonly Pick<MirroredSession2, "info" | "messages">[];
}

const folder = fileURLToPath(new URL("../../fixtures/opencode2-events/", import.meta.url));

/** All of them. */
export function recordings(): readonly Recording[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => recording(name.slice(0, -".json".length)));
}

export function recording(name: string): Recording {
  return { name, ...JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) };
}

/** The turn of a recording, for a stand-in to tell again: what follows on the prompt. */
export function recordedTurn(name: string): Turn {
  const { sessionId, events } = recording(name);
  const isDelivery = (event: RecordedEvent): boolean =>
    event.type === "session.inbox.delivered" && event.data.sessionID === sessionId;
  return { sessionId, recorded: events.slice(events.findIndex(isDelivery) + 1) };
}
