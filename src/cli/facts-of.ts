import { type SessionFacts, sessionFacts } from "../analysis/session-facts.js";
import { ConfigurationError } from "../errors/configuration-error.js";
import { GitHistories } from "../git/git-histories.js";
import { loadSessions } from "../sessions/load-sessions.js";
import type { LoopTrace } from "../trace/model.js";
import { traceSession } from "../trace/trace-session.js";
import type { FromFlags } from "./from-flags.js";
import { nameSessions } from "./name-sessions.js";
import { loadOptions } from "./sources.js";
import type { Terminal } from "./terminal.js";

/**
 * The facts of the sessions that are meant: of those that are named, of what Langfuse has, else of all that looptrace
 * keeps.
 *
 * @param onUnreadable told of a session that cannot be had, which is then left out
 * @throws {ConfigurationError} when sources contradict each other, a name is that of none or of several sessions, or no
 *   Langfuse is configured
 * @throws {LangfuseApiError} when Langfuse does not answer
 */
export async function factsOf(
  sources: readonly string[],
  flags: FromFlags,
  terminal: Terminal,
  onUnreadable: (error: unknown, source: string) => void,
): Promise<readonly SessionFacts[]> {
  if (flags.from === "langfuse") return await remoteFacts(sources, flags, terminal, onUnreadable);
  if (flags.environment !== undefined)
    throw new ConfigurationError(
      "--environment",
      "--environment narrows what is read from Langfuse.\nSay --from langfuse too.",
    );
  if (sources.length === 0) {
    const { keptFacts } = await import("./kept-facts.js");
    return await keptFacts(flags, terminal, (id, reason) => onUnreadable(unreadable(id, reason), id));
  }
  const options = loadOptions(flags, terminal, "kept");
  const histories = new GitHistories(terminal.env);
  const facts: SessionFacts[] = [];
  const named = await nameSessions(sources, options, terminal);
  await loadSessions(named, { ...options, onUnreadable }, async ({ tree, evidence }) => {
    const traces = traceSession(tree, evidence);
    const gitAt = await histories.of(traces.map(({ session }) => session.directory));
    const one = sessionFacts(traces, { runs: evidence.runs, gitAt });
    if (one) facts.push(one);
  });
  return facts;
}

/** What is said of a kept session that cannot be read. */
export function unreadable(id: string, reason: string): ConfigurationError {
  return new ConfigurationError(id, `The kept session ${id} cannot be read: ${reason}`);
}

/** Traces come one by one from there: those of a session are put together. */
async function remoteFacts(
  sources: readonly string[],
  flags: FromFlags,
  terminal: Terminal,
  onUnreadable: (error: unknown, source: string) => void,
): Promise<readonly SessionFacts[]> {
  const { eachRemoteTrace } = await import("./each-remote-trace.js");
  const bySession = new Map<string, LoopTrace[]>();
  await eachRemoteTrace(
    sources,
    flags,
    terminal,
    (trace) => {
      const known = bySession.get(trace.session.id) ?? [];
      bySession.set(trace.session.id, known);
      known.push(trace);
    },
    onUnreadable,
  );
  return [...bySession.values()].flatMap((traces) => {
    return sessionFacts(traces.toSorted((a, b) => a.loop.start - b.loop.start)) ?? [];
  });
}
