import { cost, count, duration, plural } from "../../text/format.js";
import type { ListedSession, SessionSummary, UnreadableSession } from "../data/listed-session.js";
import { Content } from "../report/content.js";
import { momentText } from "./moment-text.js";

/** One session; its title opens its report. */
export function SessionRow({ session }: { readonly session: ListedSession }) {
  return (
    <tr data-session={session.id}>
      <td class="when">
        <time dateTime={isoText(session.at)}>{momentText(session.at)}</time>
      </td>
      {session.kind === "session" ? <Figures session={session} /> : <Reason session={session} />}
    </tr>
  );
}

function Figures({ session }: { readonly session: SessionSummary }) {
  const { id, title, models, outcome, errors, turns, missingSubagents: missing, doubtfulCalls: doubtful } = session;
  const [prompt = ""] = session.prompts;
  return (
    <>
      <td class="what">
        {/* An id has nothing in it but letters, digits and an underscore. */}
        <a href={`sessions/${id}`}>
          <Content text={title.trim() || prompt.trim().slice(0, 80) || id} />
        </a>
        <p class="prompt">
          <Content text={prompt} />
        </p>
        {turns > 1 && <span class="note">{plural(turns, "turn")}</span>}
        {missing > 0 && <span class="note lacking">without {plural(missing, "subagent session")}, not kept</span>}
        {doubtful > 0 && <span class="note lacking">tokens of {plural(doubtful, "call")} in doubt</span>}
      </td>
      <td>
        <Content text={models.join(", ") || "–"} />
      </td>
      <td>
        <span class={`outcome ${outcome}`}>{outcome}</span>
        {errors.map((code) => (
          <p key={code} class="code">
            <Content text={code} />
          </p>
        ))}
      </td>
      <td class="number">{count(session.steps)}</td>
      <td class="number">{count(session.tokens)}</td>
      <td class="number">{cost(session.cost)}</td>
      <td class="number">{duration(session.duration)}</td>
    </>
  );
}

function Reason({ session }: { readonly session: UnreadableSession }) {
  return (
    <td colSpan={7} class="what">
      {session.id}
      <p class="failure">
        <Content text={session.reason} />
      </p>
    </td>
  );
}

function isoText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}
