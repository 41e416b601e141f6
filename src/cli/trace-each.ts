import { createHash } from "node:crypto";
import type { DestinationReport } from "../deliver/delivery-report.js";
import type { Destination } from "../deliver/destinations/destination.js";
import { messageOf } from "../errors/thrown.js";
import { sumDeliveries } from "../export/delivery-sum.js";
import {
  areSent,
  isUnchanged,
  readSentSessions,
  type SentSession,
  type SentSessions,
} from "../export/sent-sessions.js";
import { notYetToSend } from "../export/trace-requests.js";
import { steadyClock } from "../files/clock.js";
import type { Masking } from "../masking/mask.js";
import { MASKING_RULES } from "../masking/rules.js";
import { childSessionIds, isSessionId, type SessionTree } from "../opencode/session.js";
import type { NewScore } from "../scores/new-score.js";
import { factsInStore } from "../sessions/changed-since.js";
import type { LoadOptions } from "../sessions/load-options.js";
import { loadSessions } from "../sessions/load-sessions.js";
import { flattenTree, traceLoaded } from "../sessions/loaded-session.js";
import { oneLine } from "../text/terminal-text.js";
import type { LoopTrace } from "../trace/model.js";
import type { CommandContext } from "./command-context.js";
import { whileWaiting } from "./delivery-line.js";
import { lastTurnScores } from "./last-turn-scores.js";
import { ownVersion } from "./own-version.js";
import { patientLine } from "./patient-line.js";
import { reportError } from "./report-error.js";
import { type SessionCounter, sessionCounter } from "./session-counter.js";
import type { Terminal } from "./terminal.js";
import { TraceBatches, type TracedSession } from "./trace-batches.js";
import { type SessionsSummary, type TracePrinter, traceDocument, traceTexts } from "./trace-document.js";

/** What of the command's flags counts for each session. */
interface EachFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly force?: boolean;
  readonly fullInput?: boolean;
}

/** Which sessions need not be read: all destinations have them, and opencode has not changed them since. */
export interface SentBefore {
  has(id: string): boolean;
  /** Notes sessions that all destinations have now. Never throws: they would be read again. */
  note(sessions: readonly Read[]): void;
}

/** A session that was read, without its content. */
export interface Read extends TracedSession {
  /** Of the sessions below it: when opencode had changed them last, ms since the epoch. */
  readonly below: Readonly<Record<string, number>>;
  /** Whether all of it is as it will stay. */
  readonly isWhole: boolean;
}

/**
 * What is to be known of a session that was read. It is whole where no turn may be at work, even if what such a turn has
 * left open is sent as it is, and where no subagent is missing that one of its tools names.
 *
 * @param now ms since the epoch
 */
export function readOf(tree: SessionTree, traces: readonly LoopTrace[], now: number): Read {
  const [root = tree.session, ...others] = flattenTree(tree);
  const all = [root, ...others];
  const there = new Set(all.map(({ info }) => info.id));
  const isOver = traces.every((one) => notYetToSend(one, now).size === 0);
  return {
    id: root.info.id,
    traces,
    weight: all.reduce((sum, { messages }) => sum + messages.length, 0),
    below: Object.fromEntries(others.map(({ info }) => [info.id, info.time.updated ?? 0])),
    isWhole: isOver && all.every((one) => childSessionIds(one).every((id) => there.has(id))),
  };
}

/**
 * What was sent before of the sessions that opencode has listed.
 *
 * @param listed when opencode changed each last, ms since the epoch; with none nothing was asked for by a list
 */
export async function sentBefore(
  context: CommandContext,
  flags: EachFlags,
  asked: { readonly listed: ReadonlyMap<string, number>; readonly scores: readonly NewScore[] },
): Promise<SentBefore> {
  const { destinations, paths, settings, masking, file } = context;
  const { listed, scores } = asked;
  const isAsked = listed.size > 0 && destinations.length > 0;
  if (!isAsked) return { has: () => false, note: () => undefined };
  const fullInput = flags.fullInput ?? file.fullInput ?? false;
  const looks = [ownVersion(), settings.trace, fullInput, maskingFacts(masking)];
  const to = destinations.map((one) => ({ id: one.id, as: sentAs(looks, one) }));
  const known: SentSessions = await readSentSessions(paths, to);
  const store = factsInStore(context.environment);
  return {
    has(id) {
      // These are for each session once more.
      if (flags.force || scores.length > 0) return false;
      const sent = known.find(id);
      return sent !== undefined && isUnchanged(sent, listed.get(id), store.momentOf, store.childrenOf);
    },
    note(sessions) {
      const whole = sessions.flatMap(({ id, below, isWhole }): readonly SentSession[] => {
        const updated = listed.get(id);
        return isWhole && updated !== undefined ? [{ id, updated, below }] : [];
      });
      try {
        known.note(whole);
      } catch {
        // They are read again then, and their receipts tell that nothing is to be sent.
      }
    },
  };
}

/**
 * How sessions look at a destination, as a digest: where it changes they are read again. Whether metrics go there as well
 * is a part of it, for which the destination's id says nothing.
 *
 * @param looks what is the same for all destinations
 */
export function sentAs(looks: unknown, { shape, metrics }: Pick<Destination, "shape" | "metrics">): string {
  return digestOf([looks, shape, metrics !== undefined]);
}

/** What is masked otherwise looks different; secrets themselves say nothing of that, and stand nowhere. */
function maskingFacts(masking: Masking): unknown {
  if (masking === false) return false;
  const { knownShapes, patterns = [] } = masking;
  return [MASKING_RULES, knownShapes ?? true, patterns.map(String)];
}

function digestOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);
}

export interface TraceEachOptions {
  readonly flags: EachFlags;
  readonly terminal: Terminal;
  readonly context: CommandContext;
  readonly scores: readonly NewScore[];
  readonly sent: SentBefore;
}

/** What became of sessions. */
export interface TracedAll {
  /** Turns. */
  readonly seen: number;
  /** Turns of which something is not to be sent yet. */
  readonly open: number;
  readonly failed: SessionsSummary["failed"];
  readonly reports: readonly DestinationReport[];
  /** What a destination said that has taken nothing for long: nothing more was read then. */
  readonly stopped: DestinationReport | undefined;
  readonly printed: TracePrinter;
  readonly counter: SessionCounter;
}

/** Reads, traces, delivers and prints sessions, in their order. Few of many are in memory at a time. */
export async function traceEach(
  wanted: readonly string[],
  options: LoadOptions,
  { flags, terminal, context, scores, sent }: TraceEachOptions,
): Promise<TracedAll> {
  const { destinations, file, paths } = context;
  const exporter = context.exporter();
  const sum = sumDeliveries(paths, destinations);
  const { force = false, quiet = false } = flags;
  const counter = sessionCounter(terminal, quiet ? 0 : wanted.length);
  const printed = flags.json ? traceDocument(terminal) : traceTexts(terminal, wanted.length > 1);
  const failed: { readonly source: string; readonly reason: string }[] = [];
  let seen = 0;
  let open = 0;
  let stopped: DestinationReport | undefined;
  const ending = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, ending.signal]) : ending.signal;
  const given = lastTurnScores(scores);

  const batches = new TraceBatches<Read>({
    clock: steadyClock(),
    signal,
    deliver: (traces) => {
      const whom = quiet ? [] : exporter.reachable();
      sum.begin();
      return whileWaiting(terminal, whom, (onProgress) =>
        exporter.export(traces, { force, onProgress, scores: given.of }),
      );
    },
    async onDelivered(sessions, some) {
      sum.add(some);
      const bare = sessions.map((one) => ({ ...one, traces: [] }));
      if (areSent(some)) sent.note(bare);
      for (const { traces } of sessions) {
        counter.clear();
        for (const one of traces) printed.print(one, await exporter.linkTo(one));
        counter.next();
      }
    },
    push: async () => (await exporter.flush({ all: true, budgetMs: PUSH_MS, signal })).reports,
    onPushed: sum.pushed,
    onGivenUp(report) {
      stopped = report;
      ending.abort(new Error("a destination takes nothing"));
    },
  });
  // Of several the counter tells, and a large file tells of itself.
  const isOne = !quiet && wanted.length === 1 && isSessionId(wanted[0] ?? "");
  const stopReading = isOne ? patientLine(terminal, "reading the session from opencode") : undefined;
  const onUnreadable = (error: unknown, source: string): void => {
    stopReading?.();
    failed.push({ source, reason: oneLine(messageOf(error)) });
    counter.clear();
    reportError(error, terminal);
    counter.next(true);
  };
  // One that cannot be read is no reason to leave all others out.
  await loadSessions(wanted, { ...options, signal, onUnreadable }, async (session) => {
    stopReading?.();
    const traces = traceLoaded(session, { fullInput: flags.fullInput ?? file.fullInput });
    seen += traces.length;
    const now = Date.now();
    const openTurns = force ? 0 : traces.filter((one) => notYetToSend(one, now).size > 0).length;
    if (destinations.length > 0) open += openTurns;
    given.add(traces);
    await batches.add(readOf(session.tree, traces, now));
  }).finally(() => stopReading?.());
  await batches.end();
  counter.clear();
  return { seen, open, failed, reports: sum.reports(), stopped, printed, counter };
}

/** For one attempt to send what waits, while reading waits for it. */
const PUSH_MS = 10_000;
