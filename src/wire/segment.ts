/** What a request is made of, and whose it is. */

/** Whom a part of a request belongs to: who could make it smaller. */
export type SegmentOwner =
  /** A section of the system prompt. `source`: the file that it came from, the MCP server, or its heading. */
  | {
      readonly kind: "system";
      readonly section: "opencode" | "agent" | "instructions" | "environment" | "mcp" | "skills" | "other";
      readonly source: string | null;
    }
  /** The description and the schema of a tool. `server`: the MCP server that brings it. */
  | {
      readonly kind: "tool-schema";
      readonly tool: string;
      readonly origin: "opencode" | "mcp" | "plugin" | "unknown";
      readonly server: string | null;
    }
  /** What the person wrote. */
  | { readonly kind: "prompt" }
  /** A text that opencode itself put between. */
  | { readonly kind: "synthetic" }
  | { readonly kind: "thinking" }
  | { readonly kind: "answer" }
  | { readonly kind: "tool-call"; readonly tool: string; readonly callId: string | null }
  /** `argument`: the path, command or pattern that says what was asked for. */
  | {
      readonly kind: "tool-result";
      readonly tool: string;
      readonly callId: string | null;
      readonly argument: string | null;
    }
  | { readonly kind: "attachment"; readonly mime: string | null; readonly filename: string | null }
  /** All else: the model's name, parameters, the marks of JSON between segments. */
  | { readonly kind: "rest" };

/** A stretch of a request's body with its owner. */
export interface Segment {
  readonly owner: SegmentOwner;
  /** Where it begins in the body's text, in UTF-16 units. */
  readonly from: number;
  /** Where it ends: the first unit behind it. */
  readonly to: number;
  /** What of it the model reads, unescaped. */
  readonly text: string;
}
