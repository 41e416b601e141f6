import type { PhaseKind } from "../trace/model.js";

/** What opencode does in a phase, in a few words. */
const TEXTS: Readonly<Record<PhaseKind, string>> = {
  lock: "waits until another opencode has started",
  mcp: "asks the MCP servers for their tools",
  snapshot: "keeps the project's files by git",
  loading: "loads the project, plugins and providers",
  starting: "starts",
  compaction: "sums the conversation up",
  saving: "writes down what model and tools gave",
  prompt: "puts the request together",
  title: "waits for a title",
  ending: "comes to its end",
};

/** What a phase is called wherever it is told of: `opencode.loading`. */
export function phaseName(kind: PhaseKind): string {
  return `opencode.${kind}`;
}

/** What opencode does in it. */
export function phaseText(kind: PhaseKind): string {
  return TEXTS[kind];
}
