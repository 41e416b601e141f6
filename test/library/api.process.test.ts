import { cp, readFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { sharedPackage } from "../support/built-package.js";
import { patiently } from "../support/patience.js";
import { ENTRIES, libraryApi, pathOfReport } from "./api.js";

let now: ReadonlyMap<string, string>;
beforeAll(async () => {
  const { declarations } = await sharedPackage();
  now = await libraryApi((folder) => cp(declarations, folder, { recursive: true }));
}, patiently(180_000));

describe.each(ENTRIES)("$report", ({ report }) => {
  test("says what the library's face is; after a change that is meant: npm run api", async () => {
    expect(now.get(report)).toBe(await readFile(pathOfReport(report), "utf8"));
  });

  test("every type that a symbol refers to can be imported", () => {
    const text = now.get(report) ?? "";
    const forgotten = [...text.matchAll(/ae-forgotten-export\) The symbol "([^"]+)"/g)].map(([, name = ""]) => name);
    // A program that imports the fleet has the library itself too.
    const library = now.get("library.api.md") ?? "";
    const importable = new Set(
      [...library.matchAll(/^export (?:abstract )?(?:class|const|function|interface|type) (\w+)/gm)].map(
        ([, name = ""]) => name,
      ),
    );
    // What a type is inferred from is a value, which nothing has to import: the type has a name of its own.
    const isType = (name: string): boolean => /^[A-Z]/.test(name) && name !== name.toUpperCase();
    expect(forgotten.filter((name) => isType(name) && !importable.has(name))).toEqual([]);
  });

  test("every symbol is described, and every field of it", () => {
    const undescribed = (now.get(report) ?? "").matchAll(/\(undocumented\)\n *(.*)$/gm);
    expect([...undescribed].map(([, line]) => line)).toEqual([]);
  });
});
