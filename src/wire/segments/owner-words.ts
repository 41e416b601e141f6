import type { SegmentOwner } from "../segment.js";

/** A part of a request in a sentence, such as `the schema of tool jira_get (MCP server jira)`. */
export function ownerWords(owner: SegmentOwner): string {
  switch (owner.kind) {
    case "system":
      return sectionWords(owner);
    case "tool-schema":
      return `the schema of tool ${owner.tool}${owner.server === null ? "" : ` (MCP server ${owner.server})`}`;
    case "prompt":
      return "a prompt";
    case "synthetic":
      return "a text that opencode put between";
    case "thinking":
      return "thinking";
    case "answer":
      return "an answer";
    case "tool-call":
      return `a call of ${owner.tool}`;
    case "tool-result":
      return `the result of ${owner.tool}${owner.argument === null ? "" : ` ${owner.argument}`}`;
    case "attachment":
      return `attachment ${owner.filename ?? owner.mime ?? ""}`.trimEnd();
    case "rest":
      return "the request around its texts";
    default:
      return owner satisfies never;
  }
}

function sectionWords({ section, source }: SegmentOwner & { readonly kind: "system" }): string {
  switch (section) {
    case "opencode":
      return source === null ? "opencode's own system prompt" : `opencode's words on ${source}`;
    case "agent":
      return source === null ? "the agent's system prompt" : `the system prompt of agent ${source}`;
    case "instructions":
      return source === null ? "instructions" : `the instructions of ${source}`;
    case "environment":
      return source === null ? "the environment in the system prompt" : `the ${source} in the system prompt`;
    case "mcp":
      return source === null ? "the words of MCP servers" : `the words of MCP server ${source}`;
    case "skills":
      return "the list of skills";
    case "other":
      return "another part of the system prompt";
    default:
      return section satisfies never;
  }
}
