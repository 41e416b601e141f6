import { join } from "node:path";
import { z } from "zod";
import { type DestinationReport, isDelivered, isUnsaved } from "../deliver/delivery-report.js";
import type { Destination } from "../deliver/destinations/destination.js";
import { receiptFolder } from "../deliver/receipts/receipts.js";
import { attempt } from "../errors/thrown.js";
import { appendToOwnFileNow, readOwnText } from "../files/own-files.js";
import { writeWhole } from "../files/private-files.js";
import type { StorePaths } from "../files/store-paths.js";
import { refuseUntrustedFolder } from "../files/trusted-store.js";

const sentSession = z.object({
  id: z.string(),
  /** When opencode had changed it last, as its list said before it was read, ms since the epoch. */
  updated: z.number(),
  /** The same of the sessions of its subagents, by their ids. */
  below: z.record(z.string(), z.number()),
  /** By what it would look different: settings, masking, looptrace itself. */
  as: z.string(),
});

/** A session all of which destinations have acknowledged. */
export type SentSession = Omit<z.output<typeof sentSession>, "as">;

/** A destination, and by what a session would look different there. */
export interface SentTo extends Pick<Destination, "id"> {
  readonly as: string;
}

/** Which sessions are with all destinations as they are: these need not be read to know that nothing is to be sent. */
export interface SentSessions {
  /** @returns undefined where one of the destinations does not have it, or has it as it would not be sent now */
  find(id: string): SentSession | undefined;
  /**
   * Notes sessions that all destinations have.
   *
   * @throws the file system's error
   */
  note(sessions: readonly SentSession[]): void;
}

/** Lies beside the receipts, and goes with them when nobody has asked for long. */
const FILE = "sessions.jsonl";
/** So much longer than need be a file gets before it is written anew. */
const MOST_OLD_LINES = 10_000;

/**
 * Reads which sessions destinations have. What is damaged, or cannot be read, counts as not sent: what has arrived is
 * known by its receipts all the same.
 */
export async function readSentSessions(paths: StorePaths, destinations: readonly SentTo[]): Promise<SentSessions> {
  const files = destinations.map(({ id, as }) => {
    const folder = receiptFolder(paths, id);
    return { folder, path: join(folder, FILE), as };
  });
  const known = await Promise.all(
    files.map(async ({ path }) => {
      const sessions = new Map<string, z.output<typeof sentSession>>();
      const text = await readOwnText(path).catch(() => "");
      const lines = text.split("\n");
      for (const line of lines) {
        const one = line === "" ? undefined : attempt(() => sentSession.parse(JSON.parse(line)));
        if (one) sessions.set(one.id, one);
      }
      if (lines.length > 2 * sessions.size + MOST_OLD_LINES)
        await writeWhole(path, textOf(sessions.values())).catch(() => undefined);
      return sessions;
    }),
  );
  return {
    find(id) {
      const found = known.map((sessions) => sessions.get(id));
      const [first] = found;
      const isSame = found.every((one, at) => one?.as === files[at]?.as && one?.updated === first?.updated);
      return first && isSame ? { id, updated: first.updated, below: first.below } : undefined;
    },
    note(sessions) {
      if (sessions.length === 0) return;
      for (const { folder, path, as } of files) {
        refuseUntrustedFolder(paths.root, folder);
        appendToOwnFileNow(path, textOf(sessions.map((one) => ({ ...one, as }))));
      }
    },
  };
}

/** The line break stands in front as well: after a line that a crash cut off, the next one must not be lost with it. */
function textOf(sessions: Iterable<z.output<typeof sentSession>>): string {
  return `\n${[...sessions].map((one) => `${JSON.stringify(one)}\n`).join("")}`;
}

/**
 * Whether a session is as it was when it was sent.
 *
 * @param listed when opencode changed it last, as its list says now; undefined where it is in none
 * @param momentOf the same for a session of a subagent; undefined where that cannot be told
 * @param childrenOf the sessions right below one; undefined where that cannot be told. One that a plugin has started
 *   later leaves the others as they were
 */
export function isUnchanged(
  { id: root, updated, below }: SentSession,
  listed: number | undefined,
  momentOf: (id: string) => number | undefined,
  childrenOf: (id: string) => readonly string[] | undefined,
): boolean {
  if (listed !== updated) return false;
  if (!Object.entries(below).every(([id, at]) => momentOf(id) === at)) return false;
  return [root, ...Object.keys(below)].every(
    (id) => childrenOf(id)?.every((child) => Object.hasOwn(below, child)) ?? true,
  );
}

/**
 * Whether all destinations have sessions as they are, by what became of their delivery. What was refused, what could not
 * even be stored, and what is there as it would not be sent now is to be seen again. So is what waits: whatever takes it
 * out of the outbox, this process or another, may find it refused.
 */
export function areSent(reports: readonly DestinationReport[]): boolean {
  const isOutdated = ({ outdated }: DestinationReport): boolean => outdated.content + outdated.settings > 0;
  return isDelivered(reports) && !reports.some((report) => isUnsaved(report) || isOutdated(report));
}
