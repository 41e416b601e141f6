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

/** An entry as it is kept: all of one shape, its row aside. */
export interface StoredEntry extends Omit<CatalogEntry, "content"> {
  readonly kind: CatalogEntry["content"]["kind"];
  readonly reason: string | null;
}

export function toStored({ content, ...about }: CatalogEntry): StoredEntry {
  return { ...about, kind: content.kind, reason: content.kind === "unreadable" ? content.reason : null };
}

/** @returns null for what has none */
export function rowOf({ content }: CatalogEntry): SessionRow | null {
  return content.kind === "session" ? content.row : null;
}

/** @param rowOf reads its row, once that is asked for: most of what is asked of the index needs none */
export function fromStored(stored: StoredEntry, rowOf: () => SessionRow): CatalogEntry {
  const { id, print, subagents, storedAt, parentId, kind, reason } = stored;
  return { id, print, subagents, storedAt, parentId, content: contentOf(kind, reason, rowOf) };
}

function contentOf(kind: StoredEntry["kind"], reason: string | null, rowOf: () => SessionRow): CatalogEntry["content"] {
  switch (kind) {
    case "session":
      return new SessionContent(rowOf);
    case "unreadable":
      return { kind, reason: reason ?? "" };
    default:
      return { kind };
  }
}

/** One class for all: ten thousand objects with a getter of their own take longer to make than all else. */
class SessionContent {
  readonly kind = "session";
  readonly #rowOf: () => SessionRow;

  constructor(rowOf: () => SessionRow) {
    this.#rowOf = rowOf;
  }

  get row(): SessionRow {
    return this.#rowOf();
  }
}
