import { useMemo, useState } from "preact/hooks";
import { count } from "../../text/format.js";
import type { BillData, PromptCall, PromptsData } from "../data/report-data.js";
import { Bill } from "./bill.js";
import { Content } from "./content.js";
import type { Details } from "./details.js";
import { type Block, icicleOf, type SentPart, sentParts } from "./icicle.js";
import { PartList } from "./part-list.js";

interface PromptsProps {
  readonly prompts: PromptsData;
  readonly bill: BillData | undefined;
  readonly details: Pick<Details, "partsOf" | "textOf">;
  readonly onOpen: (row: number) => void;
}

/** What is chosen in the drawing: a group, or an owner in it. */
type Chosen = Pick<Block, "group" | "owner">;

/** What a prompt was made of, whose that was, and what all of it has cost over the session. */
export function Prompts({ prompts: { parts, calls }, bill, details, onOpen }: PromptsProps) {
  const [which, choose] = useState(() => longest(calls));
  const call = calls[which];
  const sent = useMemo(() => (call ? sentParts(parts, details.partsOf(call).parts) : []), [parts, call, details]);
  const icicle = useMemo(() => icicleOf(sent), [sent]);
  const [wanted, want] = useState<Chosen | null>(null);
  const [opened, open] = useState<number | null>(null);
  // What was chosen need not be in another prompt.
  const chosen = wanted && listed(sent, wanted).length > 0 ? wanted : icicle.owners.toSorted(byTokens)[0];
  if (!call || !chosen) return null;
  const pick = (block: Block): void => {
    want({ group: block.group, owner: block.owner });
    open(block.part);
  };
  return (
    <section class="prompts" aria-label="Prompts">
      <h2>What the prompts are made of</h2>
      <div class="toolbar">
        <select
          aria-label="Which call's prompt"
          value={which}
          onChange={({ currentTarget }) => choose(Number(currentTarget.value))}
        >
          {calls.map(({ row, name, tokens }, index) => (
            <option key={row} value={index}>
              {name}: {count(tokens)} tokens
            </option>
          ))}
        </select>
        <button type="button" class="link" onClick={() => onOpen(call.row)}>
          show the call
        </button>
      </div>
      <div class="prompt">
        <div class="icicle">
          <Column blocks={icicle.groups} chosen={chosen} onPick={pick} />
          <Column blocks={icicle.owners} chosen={chosen} onPick={pick} />
          <div class="column" aria-hidden="true">
            {icicle.owners.map((block) => (
              <span key={block.key} class={`block-of ${block.group}`} style={styleOf(block)} />
            ))}
            {icicle.parts
              .filter(({ share }) => share > LEAST_SHARE)
              .map((block) => (
                <button
                  key={block.key}
                  type="button"
                  tabIndex={-1}
                  class={`block-of ${block.group}`}
                  style={styleOf(block)}
                  title={titleOf(block)}
                  onClick={() => pick(block)}
                >
                  <Label block={block} />
                </button>
              ))}
          </div>
        </div>
        <PartList
          key={`${which} ${chosen.group} ${chosen.owner}`}
          sent={listed(sent, chosen)}
          opened={opened}
          onOpen={open}
          textOf={details.textOf}
        />
      </div>
      {bill && <Bill bill={bill} />}
    </section>
  );
}

function Column({
  blocks,
  chosen,
  onPick,
}: {
  readonly blocks: readonly Block[];
  readonly chosen: Chosen;
  readonly onPick: (block: Block) => void;
}) {
  return (
    <div class="column">
      {blocks.map((block) => (
        <button
          key={block.key}
          type="button"
          class={`block-of ${block.group}`}
          style={styleOf(block)}
          title={titleOf(block)}
          aria-label={titleOf(block)}
          aria-pressed={block.group === chosen.group && block.owner === chosen.owner}
          onClick={() => onPick(block)}
        >
          <Label block={block} />
        </button>
      ))}
    </div>
  );
}

/** What is lower than a pixel is not drawn; the list has it. */
const LEAST_SHARE = 1 / 460;

/** So high a block has to be for a line of text, as a share of the drawing. */
const LINE_SHARE = 15 / 460;

function Label({ block }: { readonly block: Block }) {
  if (block.share < LINE_SHARE) return null;
  return (
    <>
      <Content text={block.label} />
      <span class="amount"> {count(block.tokens)}</span>
    </>
  );
}

function styleOf({ from, share }: Block) {
  return { top: `${from * 100}%`, height: `${share * 100}%` };
}

function titleOf({ label, tokens, share }: Block): string {
  return `${label}: ${count(tokens)} tokens, ${Math.round(share * 100)}%`;
}

/** Of equal ones the last. */
function longest(calls: readonly PromptCall[]): number {
  const most = Math.max(...calls.map(({ tokens }) => tokens));
  return calls.findLastIndex(({ tokens }) => tokens === most);
}

function listed(sent: readonly SentPart[], { group, owner }: Chosen): readonly SentPart[] {
  return sent.filter(({ part }) => part.group === group && (owner === null || part.owner === owner)).toSorted(byTokens);
}

function byTokens(a: { readonly tokens: number }, b: { readonly tokens: number }): number {
  return b.tokens - a.tokens;
}
