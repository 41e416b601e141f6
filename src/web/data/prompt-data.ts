import { type BilledSession, contextBill } from "../../analysis/context-bill.js";
import type { SegmentTexts } from "../../analysis/segment-texts.js";
import { tokensErrorText } from "../../analysis/tokens-error-text.js";
import { unusedText } from "../../analysis/unused-text.js";
import { oneLine } from "../../text/terminal-text.js";
import type { WireFacts, WireTables } from "../../trace/model.js";
import { ownerGroup, ownerName, segmentName } from "../../wire/segments/owner-names.js";
import type { Packer } from "./pack-texts.js";
import type { BillData, PromptCall, PromptPart, PromptsData } from "./report-data.js";

/** Collects what the calls of a trace were made of: each part once, however many calls sent it. */
export interface PromptCollector {
  /** @param row the call's in the waterfall */
  add(call: { readonly row: number; readonly name: string; readonly wire: WireFacts | undefined }): void;
  /** undefined where no request is known */
  finish(): PromptsData | undefined;
}

/** @param wire the trace's */
export function promptCollector(wire: WireTables | undefined, texts: SegmentTexts, packer: Packer): PromptCollector {
  const places = new Map<number, number>();
  const parts: Omit<PromptPart, "row">[] = [];
  const firstRows: number[] = [];
  const calls: PromptCall[] = [];
  const partOf = (segment: number): number | undefined => {
    const known = places.get(segment);
    const facts = wire?.segments[segment];
    if (known !== undefined || !facts) return known;
    const { owner, hash, bytes } = facts;
    const text = texts(hash);
    const place = text === undefined ? { chunk: -1, place: -1 } : packer.add({ text });
    const group = ownerGroup(owner);
    const part = { group, owner: oneLine(ownerName(owner)), name: oneLine(segmentName(owner)), bytes, ...place };
    const index = parts.push(part) - 1;
    places.set(segment, index);
    return index;
  };
  return {
    add({ row, name, wire: facts }) {
      const { request } = facts ?? {};
      if (!request) return;
      const pairs = request.segments.flatMap(([segment, tokens]) => {
        const part = partOf(segment);
        if (part === undefined) return [];
        firstRows[part] = Math.min(firstRows[part] ?? row, row);
        return [[part, tokens] as const];
      });
      const tokens = pairs.reduce((total, [, some]) => total + some, 0);
      calls.push({ row, name, tokens, ...packer.add({ parts: pairs.flat() }) });
    },
    finish: () =>
      calls.length === 0
        ? undefined
        : {
            parts: parts.map((part, index) => ({ ...part, row: firstRows[index] ?? 0 })),
            calls: calls.toSorted((a, b) => a.row - b.row),
          },
  };
}

/** What the prompts of a session have cost, by owner; undefined where no request is known. */
export function billData(session: readonly BilledSession[]): BillData | undefined {
  const bill = contextBill([together(session)], { by: "owner" });
  if (!bill) return undefined;
  const { rows, total, unused, calls } = bill;
  return {
    calls,
    rows: rows
      .toSorted((a, b) => b.paidTokens - a.paidTokens)
      .map(({ group, name, calls: many, paidTokens, cachedTokens, cost }) => ({
        ...{ group, name: oneLine(name), calls: many, paidTokens, cachedTokens, cost },
      })),
    paidTokens: total.paidTokens,
    cachedTokens: total.cachedTokens,
    cost: total.cost,
    unused: unused.map(unusedText),
    // The page draws each call: that the longest one was not counted is nothing to say of all.
    error: `Tokens of parts are ${tokensErrorText({ ...bill, shown: [] })}.`,
  };
}

/** The turns of a session as one. */
function together(turns: readonly BilledSession[]): BilledSession {
  return {
    calls: turns.flatMap(({ calls }) => calls),
    tools: new Set(turns.flatMap(({ tools }) => [...tools])),
    callsWithoutWire: turns.reduce((sum, { callsWithoutWire }) => sum + callsWithoutWire, 0),
  };
}
