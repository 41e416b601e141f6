/**
 * A table of turns as bytes: columns of numbers in as few bytes each as the largest needs, which are read back without
 * a look at the single ones.
 *
 *     4 bytes   the header's length
 *     header    JSON: the places, and of each column how its numbers are kept and where
 *     columns   each from a multiple of 8 bytes on, in the byte order of the machine
 */
import {
  type Columns,
  OTHER_COLUMNS,
  type Place,
  SPENT_COLUMNS,
  TURN_COLUMNS,
  type TurnTable,
} from "../analysis/stats/turn-table.js";

/** How numbers are kept, the shortest first; what is the same in all rows takes no bytes. */
const KINDS = { same: Float64Array, u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, f64: Float64Array } as const;
type Kind = keyof typeof KINDS;

interface Header {
  readonly rows: Readonly<Record<Part, number>>;
  readonly columns: Readonly<Record<Part, readonly Column[]>>;
  readonly places: readonly Place[];
}

type Part = "turns" | "spent" | "others";

interface Column {
  readonly kind: Kind;
  /** Behind the header; of `same` the number itself, null for one that is not known. */
  readonly at: number | null;
}

export function tableBytes(table: TurnTable): Buffer {
  const bodies: Buffer[] = [];
  let length = 0;
  const columnOf = (numbers: Float64Array): Column => {
    const [first = 0] = numbers;
    if (numbers.every((one) => Object.is(one, first))) return { kind: "same", at: Number.isNaN(first) ? null : first };
    const kind = kindOf(numbers);
    const kept = KINDS[kind].from(numbers);
    const body = Buffer.alloc(Math.ceil(kept.byteLength / 8) * 8);
    body.set(new Uint8Array(kept.buffer));
    bodies.push(body);
    length += body.length;
    return { kind, at: length - body.length };
  };
  const header: Header = {
    rows: { turns: rowsIn(table.turns), spent: rowsIn(table.spent), others: rowsIn(table.others) },
    columns: {
      turns: TURN_COLUMNS.map((name) => columnOf(table.turns[name])),
      spent: SPENT_COLUMNS.map((name) => columnOf(table.spent[name])),
      others: OTHER_COLUMNS.map((name) => columnOf(table.others[name])),
    },
    places: table.places,
  };
  const json = Buffer.from(JSON.stringify(header));
  const head = Buffer.alloc(Math.ceil((4 + json.length) / 8) * 8);
  head.writeUInt32LE(json.length);
  json.copy(head, 4);
  return Buffer.concat([head, ...bodies]);
}

/** @param bytes as `tableBytes` made them: what may be damaged is held against its CRC before */
export function readTable(bytes: Buffer): TurnTable {
  // Numbers of several bytes are read in place, from multiples of their length on.
  const own = new Uint8Array(bytes.length);
  own.set(bytes);
  const length = bytes.readUInt32LE(0);
  const { rows, columns, places } = JSON.parse(bytes.toString("utf8", 4, 4 + length)) as Header;
  const from = Math.ceil((4 + length) / 8) * 8;
  const columnsOf = <Name extends string>(part: Part, names: readonly Name[]): Columns<Name> => {
    const read = names.map((name, index) => {
      const { kind, at } = columns[part][index] ?? { kind: "same", at: null };
      if (kind === "same") return [name, new Float64Array(rows[part]).fill(at ?? Number.NaN)];
      return [name, new Float64Array(new KINDS[kind](own.buffer, from + (at ?? 0), rows[part]))];
    });
    return Object.fromEntries(read) as Columns<Name>;
  };
  return {
    places,
    turns: columnsOf("turns", TURN_COLUMNS),
    spent: columnsOf("spent", SPENT_COLUMNS),
    others: columnsOf("others", OTHER_COLUMNS),
  };
}

function rowsIn({ place }: { readonly place: Float64Array }): number {
  return place.length;
}

function kindOf(numbers: Float64Array): Kind {
  if (!numbers.every((one) => Number.isInteger(one) && one >= 0 && !Object.is(one, -0))) return "f64";
  const most = numbers.reduce((largest, one) => Math.max(largest, one), 0);
  return most < 2 ** 8 ? "u8" : most < 2 ** 16 ? "u16" : most < 2 ** 32 ? "u32" : "f64";
}
