import { cost, count, duration, known, plural } from "../../text/format.js";
import type { TraceData } from "../data/report-data.js";
import { Content } from "./content.js";
import { CopyButton } from "./copy-button.js";
import { TextBlock } from "./text-block.js";
import { Outcome } from "./turns.js";

/** What a turn was about, how it ended and what it took. */
export function Summary({ trace }: { readonly trace: TraceData }) {
  const { totals } = trace;
  const figures: readonly (readonly [label: string, value: string, note?: string | undefined])[] = [
    ["time", `${trace.exact ? "" : "~"}${duration(trace.duration)}`],
    ["cost", cost(totals.cost)],
    [
      "tokens",
      known(totals.tokens),
      `${count(totals.input)} in (${count(totals.cached)} cached), ${count(totals.output)} out, ${count(totals.reasoning)} thinking`,
    ],
    ["steps", count(totals.steps)],
    ["calls", count(totals.calls), totals.retries > 0 ? `${count(totals.retries)} retried` : undefined],
    ["tools", count(totals.tools), totals.toolFailures > 0 ? `${count(totals.toolFailures)} failed` : undefined],
    ["errors", count(trace.errors.length)],
  ];
  return (
    <section class="summary" aria-label="Summary">
      <div class="prompt">
        <TextBlock text={trace.prompt === "" ? "(no prompt)" : trace.prompt} form="text" query="" />
      </div>
      <p class="about">
        <Outcome ended={trace} />
        {aboutOf(trace).map((text) => (
          <Content key={text} text={text} />
        ))}
        <CopyButton label="Copy the session's id" text={() => trace.sessionId}>
          Copy id
        </CopyButton>
      </p>
      <dl class="figures">
        {figures.map(([label, value, note]) => (
          <div key={label} class="figure" data-figure={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
            {note !== undefined && <dd class="note">{note}</dd>}
          </div>
        ))}
      </dl>
      {notesOf(trace).map((note) => (
        <p key={note} class="remark">
          <Content text={note} />
        </p>
      ))}
    </section>
  );
}

function aboutOf(trace: TraceData): string[] {
  const { model, agent, opencodeVersion, startedAt, turn, turns, directory, sessionId } = trace;
  return [
    model ?? "no model",
    ...(agent === null ? [] : [`agent ${agent}`]),
    `opencode ${opencodeVersion}`,
    `${new Date(startedAt).toISOString().slice(0, 19).replace("T", " ")} UTC`,
    ...(turns > 1 ? [`turn ${turn + 1} of ${turns}`] : []),
    directory,
    sessionId,
  ];
}

function notesOf({ notes, totals }: TraceData): readonly string[] {
  const { missingSubagents: missing } = totals;
  if (missing === 0) return notes;
  return [`Totals are without ${plural(missing, "subagent session")} not in the input.`, ...notes];
}
