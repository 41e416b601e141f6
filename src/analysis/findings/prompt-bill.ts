import type { UserPrices } from "../../opencode/model.js";
import { count, plural } from "../../text/format.js";
import { oneLine } from "../../text/terminal-text.js";
import { type BilledSession, type ContextBill, contextBill, type UnusedTools } from "../context-bill.js";
import type { Found } from "./finding.js";

const LEAST_CALLS = 3;
const LEAST_TOKENS = 1000;
/** In one prompt. */
const LEAST_OF_INSTRUCTIONS = 1500;
/** Of what stands before the conversation. */
const LARGE = 0.4;
const NAMED = 3;

/** What the bill of a session's prompts shows; nothing where its requests were not recorded. */
export function promptFindings(session: BilledSession, directory: string, prices?: UserPrices): readonly Found[] {
  const bill = contextBill([session], { by: "owner", prices });
  // What was asked once or twice needs no help.
  if (!bill || bill.calls < LEAST_CALLS) return [];
  return [...bill.unused.flatMap((one) => unusedServer(one, bill)), ...largeInstructions(bill, directory)];
}

function unusedServer(
  { name, server, origin, tools, all, tokens, paidTokens, cost }: UnusedTools,
  bill: ContextBill,
): Found[] {
  if (origin !== "mcp" || server === null || !all || paidTokens < LEAST_TOKENS) return [];
  return [
    {
      kind: "unused-server",
      subject: server,
      title: `${oneLine(name)} was never called, and its tools were sent with each request`,
      where: [],
      tokens: paidTokens,
      ms: null,
      usd: cost,
      advice: `Switch it off where it is not needed ("enabled": false in opencode's configuration), or give its tools only to the agents that use them.`,
      evidence: [
        `${plural(tools.length, "tool")}, ${count(tokens)} tokens a request, in up to ${plural(bill.calls, "call")}`,
      ],
    },
  ];
}

/** Of what stands before the conversation: the system prompt and the tools. */
function largeInstructions(bill: ContextBill, directory: string): Found[] {
  const prefix = bill.rows.filter(({ group }) => group === "system" || group === "tools");
  const files = prefix.filter(({ owner }) => owner.kind === "system" && owner.section === "instructions");
  const sum = (rows: typeof prefix, of: (row: (typeof prefix)[number]) => number): number =>
    rows.reduce((total, row) => total + of(row), 0);
  const tokens = sum(files, (row) => row.tokens);
  const share =
    tokens /
    Math.max(
      1,
      sum(prefix, (row) => row.tokens),
    );
  if (tokens < LEAST_OF_INSTRUCTIONS || share < LARGE) return [];
  const costs = files.map(({ cost }) => cost);
  const names = files.slice(0, NAMED).map((row) => `${oneLine(row.name)} ${count(row.tokens)} tokens`);
  const more = files.length > NAMED ? ` and ${files.length - NAMED} more` : "";
  return [
    {
      kind: "large-instructions",
      subject: directory,
      title: "Instruction files are the largest part of what stands before each conversation",
      where: [],
      tokens: sum(files, (row) => row.paidTokens),
      ms: null,
      usd: costs.every((usd) => usd === null) ? null : costs.reduce<number>((total, usd) => total + (usd ?? 0), 0),
      advice:
        "Keep in them what each task needs. The rest can stand in files that they name, which are read when needed, or in skills.",
      evidence: [
        `${names.join(", ")}${more}: ${Math.round(share * 100)}% of the system prompt and the tools, in up to ${plural(bill.calls, "call")}`,
      ],
    },
  ];
}
