import type { SqliteMoment } from "./followed-sqlite.js";
import { columnsOf, MOST_DEPTH, nodeOf, type Pages, type SqliteValue, schemaOf } from "./sqlite-tree.js";

interface KeptPage {
  readonly mark: number;
  /** The marks of those on which its rows go on: SQLite writes over a row of equal length where that stands. */
  readonly behind: ReadonlyMap<number, number>;
  readonly children: readonly number[];
  readonly rows: readonly (readonly SqliteValue[])[];
}

/**
 * A few columns of all rows of one table, of a database that is looked at again and again: only the pages that have
 * changed since are read.
 */
export class SqliteRows {
  readonly #table: string;
  readonly #columns: readonly string[];
  #name = "";
  #root: { readonly page: number; readonly columns: readonly number[] } | undefined;
  #pages = new Map<number, KeptPage>();
  /** As they were when the log ended there. */
  #all: { readonly end: number; readonly rows: readonly (readonly SqliteValue[])[] } | undefined;

  /** @param columns they are given in this order */
  constructor(table: string, columns: readonly string[]) {
    this.#table = table;
    this.#columns = columns;
  }

  /**
   * @returns in the order in which the rows were put in
   * @throws where there is no such table, or one of the columns is not in it
   */
  in(moment: SqliteMoment): readonly (readonly SqliteValue[])[] {
    const name = `${moment.name} ${moment.schemaMark}`;
    if (this.#name !== name) {
      this.#root = undefined;
      this.#pages.clear();
      this.#all = undefined;
      this.#name = name;
    }
    if (this.#all?.end === moment.end) return this.#all.rows;
    this.#root ??= this.#rootIn(moment);
    const { page, columns } = this.#root;
    const kept = new Map<number, KeptPage>();
    const rows: (readonly SqliteValue[])[] = [];
    const walk = (at: number, depth: number): void => {
      if (depth === MOST_DEPTH || kept.has(at)) throw new Error("no tree");
      const known = this.#pages.get(at);
      const read = known && isAsItWas(moment, at, known) ? known : readPage(moment, at, columns);
      kept.set(at, read);
      for (const row of read.rows) rows.push(row);
      for (const child of read.children) walk(child, depth + 1);
    };
    try {
      walk(page, 0);
    } catch (error) {
      // What could be read needs not be read again.
      for (const [at, read] of kept) this.#pages.set(at, read);
      throw error;
    }
    this.#pages = kept;
    this.#all = { end: moment.end, rows };
    return rows;
  }

  #rootIn(moment: SqliteMoment) {
    const schema = schemaOf(moment, this.#table);
    const columns = this.#columns.map((name) => schema?.columns.indexOf(name) ?? -1);
    if (!schema || columns.includes(-1)) throw new Error(`no such table as ${this.#table}`);
    return { page: schema.root, columns };
  }
}

function isAsItWas(moment: SqliteMoment, page: number, { mark, behind }: KeptPage): boolean {
  if (moment.markOf(page) !== mark) return false;
  // Most have none, for which nothing is to be made.
  if (behind.size > 0) for (const [at, was] of behind) if (moment.markOf(at) !== was) return false;
  return true;
}

const NONE: ReadonlyMap<number, number> = new Map();

function readPage(moment: SqliteMoment, page: number, columns: readonly number[]): KeptPage {
  const { bytes, isLeaf, cells, children } = nodeOf(moment, page);
  const behind = new Map<number, number>();
  const marked: Pages = {
    usable: moment.usable,
    read: (at) => {
      if (at === page || behind.has(at)) throw new Error("a page of two rows");
      behind.set(at, moment.markOf(at));
      return moment.read(at);
    },
  };
  const rows = isLeaf ? cells.map((cell) => columnsOf(marked, bytes, cell, columns)) : [];
  return { mark: moment.markOf(page), behind: behind.size > 0 ? behind : NONE, children, rows };
}
