import { useState } from "preact/hooks";
import { count } from "../../text/format.js";
import { Content } from "./content.js";
import { CopyButton } from "./copy-button.js";
import { diffLineKind } from "./diff-lines.js";
import { searchPattern } from "./segments.js";

interface TextBlockProps {
  readonly text: string;
  readonly form: "text" | "code" | "diff";
  readonly query: string;
}

/** Of a longer text so much is shown at first, and so many times more with each wish for more. */
const FIRST = 4000;
const MORE = 25;

/** What is shorter is as easily selected. */
const SHORT = 8;

/** A text of any length: its head, and the rest on request. */
export function TextBlock({ text, form, query }: TextBlockProps) {
  const [wanted, setWanted] = useState(FIRST);
  const found = query === "" ? -1 : text.search(searchPattern(query));
  const shown = Math.max(wanted, found < 0 ? 0 : found + FIRST);
  const head = text.length > shown ? text.slice(0, shown) : text;
  return (
    <div class="block">
      {text.length > SHORT && <CopyButton label="Copy this text" text={() => text} />}
      <pre class={form}>
        {form === "diff" ? <Diff text={head} query={query} /> : <Content text={head} query={query} />}
      </pre>
      {text.length > shown && (
        <button type="button" class="more" onClick={() => setWanted(shown * MORE)}>
          Show more ({count(text.length - shown)} of {count(text.length)} characters are folded)
        </button>
      )}
    </div>
  );
}

function Diff({ text, query }: { readonly text: string; readonly query: string }) {
  return text.split("\n").map((line, index) => (
    // Lines have no other identity than their places.
    <span key={index} class={`line ${diffLineKind(line)}`}>
      <Content text={line === "" ? " " : line} query={query} />
    </span>
  ));
}
