import type { SessionRow } from "./session-row.js";

/** What the catalog knows of one kept file of a session. */
export interface CatalogEntry {
  readonly id: string;
  /** Of the files that it was read from; another one when any of them is another one. */
  readonly print: string;
  /** The same of subagents' sessions whose figures are in its own; null for one that was not kept. */
  readonly subagents: Readonly<Record<string, string | null>>;
  /** When the export was kept, ms since the epoch. */
  readonly storedAt: number;
  /** The session whose subagent it is; null for a root. */
  readonly parentId: string | null;
  readonly content:
    | { readonly kind: "session"; readonly row: SessionRow }
    /** It stands in the session that it belongs to, and was not summed up by itself. */
    | { readonly kind: "subagent" }
    /** It has nothing to show, and why. */
    | { readonly kind: "unreadable"; readonly reason: string };
}
