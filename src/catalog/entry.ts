import type { SessionRow } from "./session-row.js";

/** What the catalog knows of one kept file of a session. */
export interface CatalogEntry {
  readonly id: string;
  /** Of the files that it was read from; another one when any of them is another one. */
  readonly print: string;
  /** The same of subagents' sessions whose figures are in its own; null for one that was not kept. */
  readonly subagents: readonly { readonly id: string; readonly print: string | null }[];
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

/** An entry as it is kept: all of one shape. */
export interface StoredEntry extends Omit<CatalogEntry, "content"> {
  readonly kind: CatalogEntry["content"]["kind"];
  readonly row: SessionRow | null;
  readonly reason: string | null;
}

export function toStored({ content, ...about }: CatalogEntry): StoredEntry {
  const row = content.kind === "session" ? content.row : null;
  return { ...about, kind: content.kind, row, reason: content.kind === "unreadable" ? content.reason : null };
}

export function fromStored({ id, print, subagents, storedAt, parentId, kind, row, reason }: StoredEntry): CatalogEntry {
  const content =
    kind === "session" && row
      ? ({ kind, row } as const)
      : kind === "unreadable"
        ? ({ kind, reason: reason ?? "" } as const)
        : ({ kind: "subagent" } as const);
  return { id, print, subagents, storedAt, parentId, content };
}
