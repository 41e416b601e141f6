import { useState } from "preact/hooks";
import { count } from "../../text/format.js";
import { Content } from "./content.js";
import type { Details } from "./details.js";
import { GROUP_NAMES, type SentPart } from "./icicle.js";
import { PartText } from "./part-list.js";

interface SentRequestProps {
  /** In the order in which they were sent. */
  readonly sent: readonly SentPart[];
  readonly textOf: Details["textOf"];
}

/** The request of a call as it was sent: system prompt, tools, messages, each part's text on request. */
export function SentRequest({ sent, textOf }: SentRequestProps) {
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
            <details key={name} class="section sent">
              <summary>
                Sent: {name}
                <span class="size">{count(parts.reduce((sum, { tokens }) => sum + tokens, 0))} tokens</span>
              </summary>
              {parts.map(({ index, part, tokens }) => (
                <Part key={index} name={part.name} tokens={tokens} read={() => textOf(part)} />
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
}

function Part({ name, tokens, read }: PartProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="sent-part" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        <Content text={name} />
        <span class="size">{count(tokens)} tokens</span>
      </summary>
      {isOpen && <PartText text={read()} />}
    </details>
  );
}
