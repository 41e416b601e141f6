import type { SegmentOwner } from "../segment.js";

/** The parts of a request that a reader thinks in. */
export type OwnerGroup = "system" | "tools" | "messages" | "results" | "rest";

export function ownerGroup({ kind }: SegmentOwner): OwnerGroup {
  switch (kind) {
    case "system":
      return "system";
    case "tool-schema":
      return "tools";
    case "tool-result":
      return "results";
    case "rest":
      return "rest";
    case "prompt":
    case "synthetic":
    case "thinking":
    case "answer":
    case "tool-call":
    case "attachment":
      return "messages";
    default:
      return kind satisfies never;
  }
}

/**
 * Whom a part of a request belongs to, as a table says it: instruction files each by itself, tools by their server,
 * results by their tool. Not cleaned for a terminal.
 */
export function ownerName(owner: SegmentOwner): string {
  switch (owner.kind) {
    case "system":
      return sectionName(owner);
    case "tool-schema":
      return toolsName(owner);
    case "prompt":
      return "prompts";
    case "synthetic":
      return "texts that opencode adds";
    case "thinking":
      return "thinking";
    case "answer":
      return "answers";
    case "tool-call":
      return "tool calls";
    case "tool-result":
      return `results of ${owner.tool}`;
    case "attachment":
      return "attachments";
    case "rest":
      return "the request itself";
    default:
      return owner satisfies never;
  }
}

/** The same of one part by itself: which tool, and what a result is about. */
export function segmentName(owner: SegmentOwner): string {
  switch (owner.kind) {
    case "tool-schema":
      return `tool ${owner.tool}`;
    case "prompt":
      return "prompt";
    case "synthetic":
      return "text that opencode adds";
    case "answer":
      return "answer";
    case "tool-call":
      return `call of ${owner.tool}`;
    case "tool-result":
      return `result of ${owner.tool}${owner.argument === null ? "" : ` ${owner.argument}`}`;
    case "attachment":
      return owner.filename ?? owner.mime ?? "attachment";
    case "system":
    case "thinking":
    case "rest":
      return ownerName(owner);
    default:
      return owner satisfies never;
  }
}

function sectionName({ section, source }: SegmentOwner & { readonly kind: "system" }): string {
  switch (section) {
    case "opencode":
      return "opencode's system prompt";
    case "agent":
      return source === null ? "the agent's system prompt" : `system prompt of ${source}`;
    case "instructions":
      return source ?? "instructions";
    case "environment":
      return "environment";
    case "mcp":
      return source === null ? "instructions of MCP servers" : `instructions of MCP server ${source}`;
    case "skills":
      return "skills";
    case "other":
      return source === null ? "other system prompt" : `system prompt: ${source}`;
    default:
      return section satisfies never;
  }
}

function toolsName({ origin, server }: SegmentOwner & { readonly kind: "tool-schema" }): string {
  switch (origin) {
    case "opencode":
      return "opencode's own tools";
    case "mcp":
      return server === null ? "tools of MCP servers" : `MCP server ${server}`;
    case "plugin":
      return "tools of plugins";
    case "unknown":
      return "tools of unknown origin";
    default:
      return origin satisfies never;
  }
}
