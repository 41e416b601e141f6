import { READING_RISKS } from "../config/config-risks.js";
import { ConfigurationError } from "../errors/configuration-error.js";
import { type RemoteSelection, readTraces } from "../langfuse/find-traces.js";
import { maskRest } from "../masking/masked.js";
import { plural } from "../text/format.js";
import type { LoopTrace } from "../trace/model.js";
import { CommandContext } from "./command-context.js";
import type { EachTraceOptions, FromFlags } from "./from-flags.js";
import { langfuseOf } from "./langfuse-of.js";
import { notesTo } from "./notes.js";
import { parseSince } from "./parse-moment.js";
import type { Terminal } from "./terminal.js";

/**
 * The traces that Langfuse has of what is meant, whichever tracer sent them.
 *
 * @throws {ConfigurationError} when sources are none or contradict each other, or no Langfuse is configured
 * @throws {LangfuseApiError} when Langfuse does not answer
 */
export async function eachRemoteTrace(
  sources: readonly string[],
  flags: FromFlags,
  terminal: Terminal,
  use: (trace: LoopTrace) => void,
  onUnreadable?: EachTraceOptions["onUnreadable"],
): Promise<void> {
  const selection = remoteSelection(sources, flags, terminal);
  const context = new CommandContext(maskFlags(flags), terminal, { uses: ["destination", ...READING_RISKS] });
  const note = notesTo(terminal);
  const api = langfuseOf(context, terminal);
  const { masking } = context;
  let seen = 0;
  const missed = (id: string): void => {
    const error = new ConfigurationError(
      "sources",
      `${api.label} has no trace or session ${id}.\nWhat was sent a moment ago may take a minute; \`looptrace verify\` tells what is missing.`,
    );
    if (!onUnreadable) throw error;
    onUnreadable(error, id);
  };
  await readTraces(
    api,
    selection,
    { tags: flags.tag, environment: flags.environment },
    async ({ trace, otherTracer, doubled }) => {
      seen += 1;
      if (otherTracer !== null)
        note(`The trace ${trace.traceId} was made by ${otherTracer}: what it does not tell is unknown here.`);
      if (doubled.length > 0)
        note(
          `Langfuse has ${plural(doubled.length, "observation")} of the trace ${trace.traceId} more than once; each counts once here.`,
        );
      const { values } = await maskRest([trace], {}, masking);
      for (const masked of values) use(masked);
    },
    missed,
  );
  if (seen === 0 && selection.kind !== "named")
    throw new ConfigurationError(
      "sources",
      `${api.label} has no such trace.\nWhat was sent a moment ago may take a minute; else look further back with --since, or leave out --tag and --environment.`,
    );
}

/** What is about the trace that is sent must not be taken for a filter of what is read. */
function maskFlags({ mask }: FromFlags): Pick<FromFlags, "mask"> {
  return mask === undefined ? {} : { mask };
}

/** @throws {ConfigurationError} when none or several are meant, or a source is no id */
function remoteSelection(named: readonly string[], { last, since }: FromFlags, { env }: Terminal): RemoteSelection {
  if ([named.length > 0, last === true, since !== undefined].filter(Boolean).length > 1)
    throw new ConfigurationError(
      "sources",
      "Traces are named, and chosen by a flag too.\nName them, or say --last or --since.",
    );
  if (last) return { kind: "last" };
  if (since !== undefined) return { kind: "since", at: parseSince(since, env) };
  const file = named.find((id) => id === "-" || /[/\\]|\.json$/.test(id));
  if (file !== undefined)
    throw new ConfigurationError("sources", `${file} is a file, but --from langfuse takes ids of traces and sessions.`);
  if (named.length > 0) return { kind: "named", ids: named };
  throw new ConfigurationError(
    "sources",
    "Which trace is not said.\nName ids of traces or sessions, as Langfuse shows them, or say --last or --since 7d.",
  );
}
