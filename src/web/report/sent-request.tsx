import { useMemo, useState } from "preact/hooks";
import { count } from "../../text/format.js";
import { Content } from "./content.js";
import type { Details } from "./details.js";
import { GROUP_NAMES, type SentPart } from "./icicle.js";
import { PartText } from "./part-list.js";
import { partMatches } from "./sent-search.js";

interface SentRequestProps {
  /** In the order in which they were sent. */
  readonly sent: readonly SentPart[];
  /** The call's. */
  readonly row: number;
  readonly textOf: Details["textOf"];
  readonly query: string;
}

/** The request of a call as it was sent: system prompt, tools, messages, each part's text on request. */
export function SentRequest({ sent, row, textOf, query }: SentRequestProps) {
  const matching = useMemo(
    () => new Set(sent.filter(({ part }) => partMatches(part, row, query, textOf)).map(({ index }) => index)),
    [sent, row, query, textOf],
  );
  const chapters = [
    [GROUP_NAMES.system, sent.filter(({ part }) => part.group === "system")],
    [GROUP_NAMES.tools, sent.filter(({ part }) => part.group === "tools")],
    ["messages", sent.filter(({ part }) => part.group === "messages" || part.group === "results")],
    [GROUP_NAMES.rest, sent.filter(({ part }) => part.group === "rest")],
  ] as const;
  return (
    <>
      {chapters.map(
        ([name, parts]) =>
          parts.length > 0 && (
            <details key={name} class="section sent" open={parts.some(({ index }) => matching.has(index))}>
              <summary>
                Sent: {name}
                <span class="size">{count(parts.reduce((sum, { tokens }) => sum + tokens, 0))} tokens</span>
              </summary>
              {parts.map(({ index, part, tokens }) => (
                <Part
                  key={`${index} ${matching.has(index)}`}
                  name={part.name}
                  tokens={tokens}
                  read={() => textOf(part)}
                  query={matching.has(index) ? query : ""}
                />
              ))}
            </details>
          ),
      )}
    </>
  );
}

interface PartProps {
  readonly name: string;
  readonly tokens: number;
  /** A text is read when it is looked at. */
  readonly read: () => string | undefined;
  /** What is marked in it: with that it is open from the beginning. */
  readonly query: string;
}

function Part({ name, tokens, read, query }: PartProps) {
  const [isOpen, setOpen] = useState(query !== "");
  return (
    <details class="sent-part" open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        <Content text={name} />
        <span class="size">{count(tokens)} tokens</span>
      </summary>
      {isOpen && <PartText text={read()} query={query} />}
    </details>
  );
}
