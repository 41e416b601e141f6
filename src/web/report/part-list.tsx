import { useState } from "preact/hooks";
import { count } from "../../text/format.js";
import { Content } from "./content.js";
import type { Details } from "./details.js";
import type { SentPart } from "./icicle.js";
import { TextBlock } from "./text-block.js";

interface PartListProps {
  readonly sent: readonly SentPart[];
  /** The part whose text is shown. */
  readonly opened: number | null;
  readonly onOpen: (part: number | null) => void;
  readonly textOf: Details["textOf"];
}

/** So many parts are listed at first. */
const FIRST = 60;

/** Parts of a prompt, the largest first, each with its text on request. */
export function PartList({ sent, opened, onOpen, textOf }: PartListProps) {
  const [all, setAll] = useState(false);
  const most = Math.max(1, ...sent.map(({ tokens }) => tokens));
  const shown = all ? sent : sent.filter(({ index }, at) => at < FIRST || index === opened);
  return (
    <ul class="part-list">
      {shown.map(({ index, part, tokens }) => (
        <li key={index}>
          <button
            type="button"
            class="part-line"
            aria-expanded={index === opened}
            onClick={() => onOpen(index === opened ? null : index)}
          >
            <span class="number">{count(tokens)}</span>
            <span class="share">
              <span class={part.group} style={{ width: `${(tokens / most) * 100}%` }} />
            </span>
            <Content text={part.name} />
          </button>
          {index === opened && <PartText text={textOf(part)} />}
        </li>
      ))}
      {shown.length < sent.length && (
        <li>
          <button type="button" class="more" onClick={() => setAll(true)}>
            Show {count(sent.length - shown.length)} smaller ones
          </button>
        </li>
      )}
    </ul>
  );
}

/** What the model read there. */
export function PartText({ text, query = "" }: { readonly text: string | undefined; readonly query?: string }) {
  if (text === undefined) return <p class="empty">Its text is not in this report.</p>;
  return <TextBlock text={text} form="code" query={query} />;
}
