import { useEffect } from "preact/hooks";
import type { SessionLink, SessionNeighbours } from "../data/report-data.js";
import { Content } from "./content.js";
import { named } from "./segments.js";

/** The way to other sessions, and to the list as it was left; keys go to the one before, `[`, and the one after, `]`. */
export function SessionNav({ before, after }: SessionNeighbours) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement) return;
      const link = event.key === "[" ? before : event.key === "]" ? after : undefined;
      if (link) location.href = addressOf(link);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [before, after]);
  return (
    <nav class="sessions" aria-label="Sessions">
      <a href="../#back">All sessions</a>
      {before && <Neighbour link={before} label="Session before" sign="←" />}
      {after && <Neighbour link={after} label="Session after" sign="→" />}
    </nav>
  );
}

interface NeighbourProps {
  readonly link: SessionLink;
  readonly label: string;
  readonly sign: string;
}

function Neighbour({ link, label, sign }: NeighbourProps) {
  return (
    <a href={addressOf(link)} aria-label={named(`${label}: ${link.title}`)}>
      <span aria-hidden="true">{sign} </span>
      <Content text={link.title} />
    </a>
  );
}

/** An id has nothing in it but letters, digits and an underscore. */
function addressOf({ id }: SessionLink): string {
  return `./${encodeURIComponent(id)}`;
}
