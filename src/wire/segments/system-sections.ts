import type { SegmentOwner } from "../segment.js";

type SystemOwner = Extract<SegmentOwner, { readonly kind: "system" }>;

/** A stretch of a system prompt's text with its owner. */
export interface SystemSection {
  readonly owner: SystemOwner;
  /** In units of the text. */
  readonly from: number;
  /** The first unit behind it. */
  readonly to: number;
}

/**
 * How opencode begins what it puts together to a system prompt: its own or the agent's prompt, the environment,
 * instruction files, words of MCP servers, skills, the demand for a structured answer. Each begins a line.
 */
const HEADS = new RegExp(
  [
    /(?<environment>You are powered by the model named |Here is some useful information about the environment|Today's date: |<env>$)/,
    /(?<references>Project references provide additional directories |<available_references>$)/,
    /Instructions from: (?<instructions>.+)$/,
    /(?<mcp><mcp_instructions>$)/,
    /(?<skills>Skills provide specialized instructions and workflows |<available_skills>$)/,
    /(?<structured>IMPORTANT: The user has requested structured output)/,
    /(?<end><\/(?:env|directories|available_references|mcp_instructions|available_skills)>$)/,
  ]
    .map(({ source }) => `^[ \\t]*${source}`)
    .join("|"),
  "gm",
);

/** How the prompts begin that opencode itself has for models, and for its own agents. */
const OWN_PROMPT = new RegExp(
  [
    "You are (?:now )?open ?code\\b",
    "You are Claude Code, Anthropic's official CLI",
    "You are a coding agent running in the opencode",
    "You are an? (?:title generator|file search specialist|expert AI programming assistant)",
    "You are an? (?:anchored )?context summarization (?:agent|assistant)",
    "You are a helpful AI assistant tasked with summarizing conversations",
    "Summarize what was done in this conversation",
  ]
    .map((opening) => `^\\s*${opening}`)
    .join("|"),
  "i",
);

/** What may follow a section; an instruction file is a person's, and may hold lines that look like others' heads. */
const BEHIND_INSTRUCTIONS: ReadonlySet<string> = new Set(["instructions", "mcp", "skills", "structured"]);

/**
 * Cuts a text of a system prompt into sections that together are the whole of it.
 *
 * @param agent the agent that asked; its prompt stands in opencode's place where it has one
 * @param isFirst false for a further text of the same system prompt
 */
export function systemSections(text: string, agent: string | null, isFirst = true): readonly SystemSection[] {
  const sections: SystemSection[] = [];
  const begin = (owner: SystemOwner, from: number): void => {
    const last = sections.at(-1);
    if (last && last.to > from) sections[sections.length - 1] = { ...last, to: from };
    sections.push({ owner, from, to: text.length });
  };
  begin(isFirst || OWN_PROMPT.test(text) ? promptOwner(text, agent) : OTHER, 0);
  let current = "prompt";
  for (const { index, 0: line, groups = {} } of text.matchAll(HEADS)) {
    const [head = ""] = Object.keys(groups).filter((name) => groups[name] !== undefined);
    if (current === "instructions" && !BEHIND_INSTRUCTIONS.has(head)) continue;
    if (head === "end") {
      // Its line ends the section, and what comes behind it has a head of its own, or is another's.
      const behind = index + line.length + (/^\n*/.exec(text.slice(index + line.length))?.[0].length ?? 0);
      if (current !== "prompt" && behind < text.length) begin(OTHER, behind);
      current = "behind";
      continue;
    }
    // `<env>` stands in its section already, whose head is a sentence.
    if (head === current) {
      if (head !== "instructions") continue;
    }
    if (head === "mcp") for (const server of serversIn(text, index)) begin(server.owner, server.from);
    else begin(ownerOf(head, groups), index);
    current = head;
  }
  return sections.filter(({ from, to }) => to > from);
}

const OTHER: SystemOwner = { kind: "system", section: "other", source: null };

function promptOwner(text: string, agent: string | null): SystemOwner {
  return OWN_PROMPT.test(text)
    ? { kind: "system", section: "opencode", source: null }
    : { kind: "system", section: "agent", source: agent };
}

function ownerOf(head: string, groups: Readonly<Record<string, string | undefined>>): SystemOwner {
  switch (head) {
    case "environment":
      return { kind: "system", section: "environment", source: null };
    case "references":
      return { kind: "system", section: "environment", source: "project references" };
    case "instructions":
      return { kind: "system", section: "instructions", source: groups.instructions?.trim() ?? null };
    case "skills":
      return { kind: "system", section: "skills", source: null };
    case "structured":
      return { kind: "system", section: "opencode", source: "structured output" };
    default:
      return OTHER;
  }
}

/** The words of each MCP server; the first one's begin with the head of all. */
function serversIn(text: string, head: number): readonly { readonly owner: SystemOwner; readonly from: number }[] {
  const end = text.indexOf("</mcp_instructions>", head);
  const servers = [...text.slice(head, end === -1 ? undefined : end).matchAll(/^ {2}<server name="(.*)">$/gm)];
  if (servers.length === 0) return [{ owner: { kind: "system", section: "mcp", source: null }, from: head }];
  return servers.map(({ index, 1: name }, position) => ({
    owner: { kind: "system", section: "mcp", source: name ?? null },
    from: position === 0 ? head : head + index,
  }));
}
