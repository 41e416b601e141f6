import { ConfigurationError } from "../errors/configuration-error.js";
import type { UserPrices } from "../opencode/model.js";
import { loadSessions } from "../sessions/load-sessions.js";
import type { LoopTrace } from "../trace/model.js";
import { traceSession } from "../trace/trace-session.js";
import { withUserPrices } from "../trace/user-priced.js";
import type { EachTraceOptions, FromFlags } from "./from-flags.js";
import { loadOptions, sourcesOf } from "./sources.js";
import type { Terminal } from "./terminal.js";

/**
 * The traces of the sessions that are meant: from opencode and looptrace's store, or read back from Langfuse.
 *
 * @param use called with each, in the order of its session's turns, and with the prices that the user has set
 * @throws {ConfigurationError} when sources are none or contradict each other, or no Langfuse is configured
 * @throws {LangfuseApiError} when Langfuse does not answer
 */
export async function eachTrace(
  sources: readonly string[],
  flags: FromFlags,
  terminal: Terminal,
  use: (trace: LoopTrace, prices: UserPrices) => void,
  { onUnreadable, instead, onSession }: EachTraceOptions = {},
): Promise<void> {
  refuseContradictions(flags);
  if (flags.from === "langfuse") {
    // What it asks with is loaded only then.
    const { eachRemoteTrace } = await import("./each-remote-trace.js");
    const { prices = [] } = loadOptions(flags, terminal, "kept");
    const useOne = (trace: LoopTrace): void => {
      for (const priced of withUserPrices([trace], prices)) use(priced, prices);
    };
    return eachRemoteTrace(sources, flags, terminal, useOne, onUnreadable);
  }
  const options = loadOptions(flags, terminal, flags.fresh ? "opencode" : "kept");
  const { prices = [] } = options;
  const wanted = await sourcesOf(sources, flags, { load: options, terminal, lastByDefault: true });
  if (await instead?.(wanted, options)) return;
  await loadSessions(wanted, { ...options, onUnreadable }, (session) => {
    const { tree, evidence } = session;
    onSession?.(session);
    for (const trace of withUserPrices(traceSession(tree, evidence), prices)) use(trace, prices);
  });
}

function refuseContradictions({ from, tag, environment, fresh, all, project }: FromFlags): void {
  if (from === undefined) {
    if (tag === undefined && environment === undefined) return;
    const flag = tag === undefined ? "--environment" : "--tag";
    throw new ConfigurationError(flag, `${flag} narrows what is read from Langfuse.\nSay --from langfuse too.`);
  }
  if (fresh) throw new ConfigurationError("--fresh", "--fresh asks opencode, --from Langfuse.\nSay one or the other.");
  if (project !== undefined)
    throw new ConfigurationError(
      "--project",
      "--project is about kept sessions, and --from about those in Langfuse.\nSay one or the other.",
    );
  if (all)
    throw new ConfigurationError(
      "--all",
      "--from langfuse does not go with --all.\nSay since when, such as --since 7d.",
    );
}
