import { outcomeText } from "../../analysis/outcome.js";
import { cost, count, duration, known, plural } from "../../text/format.js";
import type { ListedSession, SessionSummary, UnreadableSession } from "../data/listed-session.js";
import { Content } from "../report/content.js";
import { momentText } from "./moment-text.js";

interface SessionRowProps {
  readonly session: ListedSession;
  /** How its project is called; empty where it has none. */
  readonly project: string;
  readonly isTicked: boolean;
  readonly onTick: (id: string) => void;
}

/** One session; its title opens its report. */
export function SessionRow({ session, project, isTicked, onTick }: SessionRowProps) {
  return (
    <tr data-session={session.id} class={isTicked ? "ticked" : undefined}>
      <td class="tick">
        {session.kind === "session" && (
          <input
            type="checkbox"
            aria-label={`Compare ${session.id}`}
            checked={isTicked}
            onChange={() => onTick(session.id)}
          />
        )}
      </td>
      <td class="when">
        <time dateTime={isoText(session.at)}>{momentText(session.at)}</time>
      </td>
      {session.kind === "session" ? <Figures session={session} project={project} /> : <Reason session={session} />}
    </tr>
  );
}

function Figures({ session, project }: { readonly session: SessionSummary; readonly project: string }) {
  const {
    id,
    title,
    models,
    outcome,
    errorCode,
    errors,
    turns,
    missingSubagents: missing,
    doubtfulCalls: doubtful,
  } = session;
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
        <p class="about">
          {project !== "" && (
            <span class="project" title={session.directory}>
              <Content text={project} />
            </span>
          )}
          {session.branch !== null && (
            <span class="branch">
              <Content text={session.branch} />
            </span>
          )}
          {session.tags.map((tag) => (
            <span key={tag} class="tag">
              <Content text={tag} />
            </span>
          ))}
        </p>
        {turns > 1 && <span class="note">{plural(turns, "turn")}</span>}
        {missing > 0 && <span class="note lacking">without {plural(missing, "subagent session")}, not kept</span>}
        {doubtful > 0 && <span class="note lacking">tokens of {plural(doubtful, "call")} in doubt</span>}
      </td>
      <td class="models">
        <Content text={models.join(", ") || "–"} />
      </td>
      <td class="ended">
        <span class={`outcome ${outcome}`}>{outcomeText(session)}</span>
        {errors
          .filter((code) => code !== errorCode)
          .map((code) => (
            <p key={code} class="code">
              <Content text={code} />
            </p>
          ))}
      </td>
      <td class="number" data-label="steps">
        {count(session.steps)}
      </td>
      <td class="number" data-label="tokens">
        {known(session.tokens)}
      </td>
      <td
        class="number"
        data-label="cost"
        title={session.costByUser > 0 ? "* some of it is by your prices" : undefined}
      >
        {cost(session.cost)}
        {session.costByUser > 0 && "*"}
      </td>
      <td class="number" data-label="time">
        {duration(session.duration)}
      </td>
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
