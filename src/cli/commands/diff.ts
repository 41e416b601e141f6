import { diffCsv } from "../../analysis/diff-csv.js";
import { type DiffInput, diffSessions } from "../../analysis/session-diff.js";
import type { MaskFlags } from "../../config/masking.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import type { LoadOptions } from "../../sessions/load-options.js";
import { loadSessions } from "../../sessions/load-sessions.js";
import type { LoadedSession } from "../../sessions/loaded-session.js";
import { paintDiff } from "../../terminal/paint-diff.js";
import { terminalJson } from "../../text/terminal-json.js";
import { oneLine } from "../../text/terminal-text.js";
import type { LoopTrace } from "../../trace/model.js";
import { traceSession } from "../../trace/trace-session.js";
import { withUserPrices } from "../../trace/user-priced.js";
import { colorsFor } from "../colors.js";
import { eachTrace } from "../each-trace.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { nameSession } from "../name-sessions.js";
import { lastTwo, loadOptions } from "../sources.js";
import type { Terminal } from "../terminal.js";

export interface DiffFlags extends MaskFlags {
  readonly opencode?: string;
  readonly from?: "langfuse";
  /** Files of subagents' sessions. */
  readonly subagent?: readonly string[];
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly fresh?: boolean;
  readonly width?: number;
}

/**
 * `looptrace diff`: two sessions side by side; the two that looptrace saw last where none is named.
 *
 * @throws {ConfigurationError} when one alone is named, or options contradict each other
 */
export async function diff(named: readonly string[], flags: DiffFlags, terminal: Terminal): Promise<ExitCode> {
  if (flags.json && flags.csv) {
    throw new ConfigurationError(
      "--csv",
      "--json and --csv are two documents, and standard output holds one.\nSay one of them.",
    );
  }
  const [a, b] = await twoSides(named, flags, terminal);
  const subagents = flags.subagent ?? [];
  if ([a, b, ...subagents].filter((source) => source === "-").length > 1) {
    throw new ConfigurationError(
      "sources",
      "Standard input holds one session.\nGive the other one as a file or an id.",
    );
  }
  const [left, right] =
    flags.from === "langfuse" ? await remoteSides(a, b, flags, terminal) : await localSides(a, b, flags, terminal);
  for (const id of left.others.filter((other) => right.others.includes(other))) {
    terminal.err(`looptrace: ${oneLine(id)} belongs to neither session: it is left out.\n`);
  }
  const difference = diffSessions(left.side, right.side);
  for (const { sessionId, turns } of [difference.a, difference.b]) {
    if (turns === 0) terminal.err(`looptrace: ${oneLine(sessionId)} holds no prompt yet.\n`);
  }
  if (flags.json) terminal.out(`${terminalJson(difference)}\n`);
  else if (flags.csv) terminal.out(diffCsv(difference));
  else {
    const width = flags.width ?? terminal.width;
    const colors = colorsFor(terminal, terminal.outIsTty);
    terminal.out(`${paintDiff(difference, { width, colors })}\n`);
  }
  return EXIT.ok;
}

async function twoSides(
  named: readonly string[],
  flags: DiffFlags,
  terminal: Terminal,
): Promise<readonly [string, string]> {
  const [a, b, ...others] = named;
  if (flags.from === undefined && a === undefined) return await lastTwo(loadOptions(flags, terminal, "kept"));
  if (a === undefined || b === undefined || others.length > 0) {
    const left = named.length === 1 ? "The other one is missing: name" : "Name";
    throw new ConfigurationError("sources", `${left} two sessions to compare, or none for the two last ones.`);
  }
  if (flags.from !== undefined) return [a, b];
  const load = loadOptions(flags, terminal, "kept");
  return [await nameSession(a, load, terminal), await nameSession(b, load, terminal)];
}

interface Side {
  readonly side: DiffInput;
  /** Ids of sessions that the files of subagents added beside it. */
  readonly others: readonly string[];
}

async function localSides(a: string, b: string, flags: DiffFlags, terminal: Terminal): Promise<readonly [Side, Side]> {
  const subagents = flags.subagent ?? [];
  const options = loadOptions(flags, terminal, flags.fresh ? "opencode" : "kept");
  return [await loadSide(a, subagents, options), await loadSide(b, subagents, options)];
}

/** Sessions or single traces, read back from Langfuse; what subagents did is in them. */
async function remoteSides(a: string, b: string, flags: DiffFlags, terminal: Terminal): Promise<readonly [Side, Side]> {
  if (flags.subagent !== undefined || flags.fresh) {
    const flag = flags.fresh ? "--fresh" : "--subagent";
    throw new ConfigurationError(flag, `${flag} is for sessions of this machine.\nLeave it out, or --from langfuse.`);
  }
  const side = async (id: string): Promise<Side> => {
    const traces: LoopTrace[] = [];
    await eachTrace([id], flags, terminal, (trace) => void traces.push(trace));
    const session = traces[0]?.session;
    // Each id is found, or it is an error.
    if (!session) throw new ConfigurationError("sources", `${id}: there is no trace in it.`);
    const { title, opencodeVersion } = session;
    return { side: { session: { id: session.id, title, opencodeVersion }, traces }, others: [] };
  };
  return [await side(a), await side(b)];
}

/** The session that the source means. */
async function loadSide(source: string, subagents: readonly string[], options: LoadOptions): Promise<Side> {
  const loaded: LoadedSession[] = [];
  await loadSessions([source, ...subagents], options, (session) => void loaded.push(session));
  const [first, ...others] = loaded;
  // Each source is loaded, or it is an error.
  if (!first) throw new ConfigurationError("sources", `${source}: there is no session in it.`);
  const { id, title, version } = first.tree.session.info;
  return {
    side: {
      session: { id, title, opencodeVersion: version },
      traces: withUserPrices(traceSession(first.tree, first.evidence), options.prices),
    },
    others: others.map(({ tree }) => tree.session.info.id),
  };
}
