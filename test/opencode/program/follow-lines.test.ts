import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createLineSplitter, followLines } from "../../../src/opencode/program/follow-lines.js";

test("lines come whole, however the text was cut", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom("a", "\n", "é", "{", " ") })), (pieces) => {
      const splitter = createLineSplitter();
      const lines = pieces.flatMap((piece) => splitter.push(piece));
      expect([...lines, splitter.rest()].join("\n")).toBe(pieces.join(""));
      for (const line of lines) expect(line).not.toContain("\n");
    }),
  );
});

test("Windows line ends are taken off", () => {
  expect(createLineSplitter().push("a\r\nb\r\n")).toEqual(["a", "b"]);
});

test("a growing file is read on from where the last reading ended, also within a character", async () => {
  const folder = await mkdtemp(join(tmpdir(), "follow-lines-"));
  const path = join(folder, "out");
  await writeFile(path, "");
  const follower = await followLines(path);
  try {
    expect(await follower.poll()).toEqual([]);
    const bytes = Buffer.from("one\ntwo 🎉 é\nthree");
    const cut = bytes.indexOf(0xf0) + 2;
    await appendFile(path, bytes.subarray(0, cut));
    expect(await follower.poll()).toEqual(["one"]);
    await appendFile(path, bytes.subarray(cut));
    expect(await follower.poll()).toEqual(["two 🎉 é"]);
    expect(follower.rest()).toBe("three");
    const long = "x".repeat(300_000);
    await appendFile(path, `${long}\nlast\n`);
    expect(await follower.poll()).toEqual([`three${long}`, "last"]);
    expect(await follower.poll()).toEqual([]);
  } finally {
    await follower.close();
    await rm(folder, { recursive: true });
  }
});
