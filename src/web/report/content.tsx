import { segmentsOf } from "./segments.js";

interface ContentProps {
  readonly text: string;
  /** What is marked in it. */
  readonly query?: string;
}

/** A foreign text, as text nodes alone; what cannot be seen in it is named, and turns nothing round beside it. */
export function Content({ text, query = "" }: ContentProps) {
  return (
    <span class="content">
      <Pieces text={text} query={query} />
    </span>
  );
}

/** The same without an element of its own, for places that are isolated anyway. */
export function Pieces({ text, query = "" }: ContentProps) {
  return (
    <>
      {segmentsOf(text, query).map((segment, index) => {
        // The pieces of one text have no other identity than their places.
        if (segment.form === "plain") return segment.text;
        if (segment.form === "match") return <mark key={index}>{segment.text}</mark>;
        return (
          <span key={index} class="named">
            {segment.text}
          </span>
        );
      })}
    </>
  );
}
