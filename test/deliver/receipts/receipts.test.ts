import { appendFileSync } from "node:fs";
import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { addReceipt, forgetReceipts, readReceipts, receiptPath } from "../../../src/deliver/receipts/receipts.js";
import { traceId } from "../../support/otlp-requests.js";
import { temporaryStore } from "../../support/temporary-store.js";

const TRACE = traceId(1);

test("what was acknowledged is remembered, by destination and trace", async () => {
  const paths = await temporaryStore();
  await addReceipt(paths, "d1", TRACE, ["a", "b"]);
  await addReceipt(paths, "d1", TRACE, ["b", "c"]);
  const receipts = await readReceipts(paths, "d1", TRACE);
  expect([...receipts.spanIds]).toEqual(["a", "b", "c"]);
  expect((await readReceipts(paths, "d2", TRACE)).spanIds.size).toBe(0);
  expect((await readReceipts(paths, "d1", traceId(2))).spanIds.size).toBe(0);
});

test("what is forgotten is not sent, until it is acknowledged again", async () => {
  const paths = await temporaryStore();
  await addReceipt(paths, "d1", TRACE, ["a", "b"]);
  await forgetReceipts(paths, "d1", TRACE, ["a"]);
  expect([...(await readReceipts(paths, "d1", TRACE)).spanIds]).toEqual(["b"]);
  await addReceipt(paths, "d1", TRACE, ["a"]);
  expect((await readReceipts(paths, "d1", TRACE)).spanIds).toEqual(new Set(["a", "b"]));
});

test("how a span looked is remembered as it was acknowledged last", async () => {
  const paths = await temporaryStore();
  await addReceipt(paths, "d1", TRACE, ["a", "b"], "11111111-22222222");
  expect((await readReceipts(paths, "d1", TRACE)).fingerprints).toEqual(
    new Map([
      ["a", "11111111-22222222"],
      ["b", "11111111-22222222"],
    ]),
  );
  await addReceipt(paths, "d1", TRACE, ["b"], "33333333");
  await addReceipt(paths, "d1", TRACE, ["a"]);
  expect((await readReceipts(paths, "d1", TRACE)).fingerprints).toEqual(new Map([["b", "33333333"]]));
});

test("so is how it looked by the receipts of versions before", async () => {
  const paths = await temporaryStore();
  await addReceipt(paths, "d1", TRACE, ["z"]);
  const line = { acknowledged: ["a", "b"], shared: "11111111", own: { b: "22222222" } };
  await appendFile(receiptPath(paths, "d1", TRACE), `\n${JSON.stringify(line)}\n`);
  const { spanIds, fingerprints, problems } = await readReceipts(paths, "d1", TRACE);
  expect([...spanIds]).toEqual(["z", "a", "b"]);
  expect([...fingerprints]).toEqual([
    ["a", "11111111"],
    ["b", "11111111-22222222"],
  ]);
  expect(problems).toEqual([]);
});

test("many at once lose nothing", async () => {
  const paths = await temporaryStore();
  const ids = Array.from({ length: 50 }, (_, index) => `id${index}`);
  await Promise.all(ids.map((id) => addReceipt(paths, "d1", TRACE, [id])));
  const { spanIds, problems } = await readReceipts(paths, "d1", TRACE);
  expect(spanIds).toEqual(new Set(ids));
  expect(problems).toEqual([]);
});

test("a cut line costs only itself, and is reported", async () => {
  const paths = await temporaryStore();
  const path = join(paths.sent, "d1", `${TRACE}.jsonl`);
  await addReceipt(paths, "d1", TRACE, ["a"]);
  await appendFile(path, '\n{"acknowledged":["b"');
  await addReceipt(paths, "d1", TRACE, ["c"]);
  const { spanIds, problems } = await readReceipts(paths, "d1", TRACE);
  expect(spanIds).toEqual(new Set(["a", "c"]));
  expect(problems).toEqual([expect.stringContaining("1 damaged line in ")]);
});

test("a line that is being written is waited for", async () => {
  const paths = await temporaryStore();
  const path = join(paths.sent, "d1", `${TRACE}.jsonl`);
  await addReceipt(paths, "d1", TRACE, ["a"]);
  await appendFile(path, '\n{"acknowledged":["b"');
  const reading = readReceipts(paths, "d1", TRACE);
  // Enough has passed for the first look at the file, and far too little for the last.
  await new Promise((resolve) => setTimeout(resolve, 15));
  appendFileSync(path, "]}\n");
  expect(await reading).toMatchObject({ spanIds: new Set(["a", "b"]), problems: [] });
});

const NONE = ["garbage", "\u0000\u0000", '{"acknowledged":"a"}', "[]", "null"];
const UNFIT = ['{"acknowledged":["a",1]}', '{"acknowledged":["a"],"fingerprint":1}', '{"acknowledged":["a"],"own":1}'];

test.each([...NONE, ...UNFIT].map((text) => [text]))("%j instead of receipts counts as not sent", async (text) => {
  const paths = await temporaryStore();
  const path = join(paths.sent, "d1", `${TRACE}.jsonl`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  const { spanIds, problems } = await readReceipts(paths, "d1", TRACE);
  expect(spanIds.size).toBe(0);
  expect(problems).toHaveLength(1);
});

test("what a later version adds to a line does not make it damaged", async () => {
  const paths = await temporaryStore();
  await addReceipt(paths, "d1", TRACE, ["z"]);
  await appendFile(receiptPath(paths, "d1", TRACE), '\n{"acknowledged":["a"],"later":{"than":"this"}}\n');
  expect(await readReceipts(paths, "d1", TRACE)).toMatchObject({ spanIds: new Set(["z", "a"]), problems: [] });
});

test("a folder in the place of receipts counts as not sent", async () => {
  const paths = await temporaryStore();
  await mkdir(join(paths.sent, "d1", `${TRACE}.jsonl`), { recursive: true });
  expect((await readReceipts(paths, "d1", TRACE)).problems).toEqual([expect.stringContaining("cannot be read")]);
});

test("a trace id that would lead elsewhere does not", async () => {
  const paths = await temporaryStore();
  await addReceipt(paths, "d1", "../../escaped", ["a"]);
  expect([...(await readReceipts(paths, "d1", "../../escaped")).spanIds]).toEqual(["a"]);
  await expect(readFile(join(paths.root, "escaped.jsonl"))).rejects.toThrow("ENOENT");
});
