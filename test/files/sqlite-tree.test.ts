import { expect, test } from "vitest";
import {
  columnsOf,
  HEAD_BYTES,
  lastRowIdOf,
  type Pages,
  pagesBy,
  payloadOf,
  rowIdsOf,
} from "../../src/files/sqlite-tree.js";

const SIZE = 512;

function headWith(size: number, reserved = 0): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.write("SQLite format 3\0", "latin1");
  head.writeUInt16BE(size, 16);
  head.writeUInt8(reserved, 20);
  return head;
}

/** @param read counts the pages that are read, and ends what would go on for ever */
function pagesOf(contents: (page: number) => Buffer): { readonly pages: Pages; readonly read: () => number } {
  let read = 0;
  const pages = pagesBy(headWith(SIZE), (page) => {
    read += 1;
    if (read > 300_000) throw new Error("on and on");
    return contents(page);
  });
  return { pages, read: () => read };
}

function varint(value: number): readonly number[] {
  const bytes = [value & 0x7f];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}

test.each([
  [512, 0, 512],
  [512, 32, 480],
  [4096, 255, 3841],
  [1, 0, 65_536],
  [512, 33, undefined],
  [259, 255, undefined],
  [0, 0, undefined],
  [256, 0, undefined],
  [768, 0, undefined],
  [33_000, 0, undefined],
])("pages of %i bytes, %i of them reserved: %s are used", (size, reserved, usable) => {
  const pages = () => pagesBy(headWith(size, reserved), () => Buffer.alloc(0));
  if (usable === undefined) expect(pages).toThrow("no size of a page");
  else expect(pages().usable).toBe(usable);
});

test("an index whose branches lead back to themselves ends", () => {
  const branch = Buffer.alloc(SIZE);
  branch.writeUInt8(0x02, 0);
  branch.writeUInt16BE(3, 3);
  branch.writeUInt32BE(2, 8);
  for (let cell = 0; cell < 3; cell += 1) {
    const at = 100 + 40 * cell;
    branch.writeUInt16BE(at, 12 + 2 * cell);
    branch.writeUInt32BE(2, at);
    // A record of the text "k", and of the row's number, 1.
    Buffer.from([5, 3, 15, 1, 0x6b, 1]).copy(branch, at + 4);
  }
  const { pages, read } = pagesOf(() => branch);
  expect(() => rowIdsOf(pages, 2, Buffer.from("k"))).toThrow("no tree");
  expect(lastRowIdOf(pages, 2, Buffer.from("k"))).toBeUndefined();
  expect(read()).toBeLessThan(50);
});

/** A leaf with one row: a text, of which the page has only the beginning, and 1. The pages behind are the third and on. */
function rowWith(length: number): { readonly pages: Pages; readonly read: () => number; readonly leaf: Buffer } {
  const type = varint(2 * length + 13);
  const header = [type.length + 2, ...type, 9];
  const total = header.length + length;
  const leaf = Buffer.alloc(SIZE, "x");
  const start = Buffer.from([...varint(total), 1, ...header]);
  start.copy(leaf, 0);
  const least = Math.floor(((SIZE - 12) * 32) / 255) - 23;
  const fitting = least + ((total - least) % (SIZE - 4));
  const local = fitting <= SIZE - 35 ? fitting : least;
  leaf.writeUInt32BE(3, start.length - header.length + local);
  return {
    leaf,
    ...pagesOf((page) => {
      const content = Buffer.alloc(SIZE, "x");
      content.writeUInt32BE(page + 1, 0);
      return content;
    }),
  };
}

test("of a long row only the columns that are needed count, and it is read as far as the last of them", () => {
  const { pages, read, leaf } = rowWith(5_000_000);
  expect(columnsOf(pages, leaf, 0, [1, 2])).toEqual([1, null]);
  expect(read()).toBe(Math.floor(5_000_000 / (SIZE - 4)));
  expect(() => columnsOf(pages, leaf, 0, [0])).toThrow("too large a row");
  expect(() => payloadOf(pages, leaf, 0, "table")).toThrow("too large a row");
  expect(() => columnsOf(pages, rowWith(1_000_000_000).leaf, 0, [1])).toThrow("too large a row");

  const short = rowWith(2_000);
  expect(columnsOf(short.pages, short.leaf, 0, [0, 1])).toEqual(["x".repeat(2_000), 1]);
  expect(short.read()).toBe(4);
});
