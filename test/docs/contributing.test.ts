import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { pageAt, REPOSITORY } from "./pages.js";

const guide = pageAt("CONTRIBUTING.md");

test("the drawing of the house has its rooms, in their order", () => {
  const layers = readFileSync(join(REPOSITORY, "src", "layers.mjs"), "utf8");
  const rooms = [...layers.matchAll(/^ {2}"(\w+)",$/gm)].map(([, room]) => room);
  const drawing = guide.blocks.find(({ language, text }) => language === "" && text.startsWith("version"));
  const drawn = [...(drawing?.text ?? "").matchAll(/^(\w+) {2,}\S/gm)].map(([, room]) => room);
  expect(rooms.length).toBeGreaterThan(15);
  expect(drawn).toEqual(rooms);
});

/** What a command makes: it is there only behind that. */
const MADE = "dist/";

test("every file and folder that it names is there", () => {
  const named = [...guide.text.matchAll(/`([\w./-]+)`/g)]
    .map(([, name = ""]) => name)
    .filter((name) => /\.(?:ts|tsx|mjs|md)$|\//.test(name));
  const gone = named.filter(
    (name) =>
      !name.startsWith(MADE) &&
      ![join(REPOSITORY, name), join(REPOSITORY, "src", name)].some((path) => existsSync(path)),
  );
  expect(named.length).toBeGreaterThan(30);
  expect(gone).toEqual([]);
});

test("README gives a reason for what is installed or bundled, and the guide for every tool", () => {
  const lists = z.record(z.string(), z.string()).default({});
  const { dependencies, peerDependencies, devDependencies } = z
    .object({ dependencies: lists, peerDependencies: lists, devDependencies: lists })
    .parse(JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")));
  const unnamed = (names: readonly string[], { text }: { readonly text: string }): readonly string[] =>
    names.filter((name) => !text.includes(`\`${name}\``) && !text.includes(`\`…/${name.split("/").at(-1)}\``));
  const imported = packagesOfSources();
  expect(imported.length).toBeGreaterThan(15);
  const reasoned = new Set([...Object.keys({ ...dependencies, ...peerDependencies }), ...imported]);
  expect(unnamed([...reasoned], pageAt("README.md"))).toEqual([]);
  const tools = Object.keys(devDependencies).filter((name) => !reasoned.has(name) && !/^@types\//.test(name));
  expect(unnamed(tools, guide)).toEqual([]);
});

/** The packages that the sources import, but for what draws the pages and builds: the bundle brings them. */
function packagesOfSources(): readonly string[] {
  const sources = readdirSync(join(REPOSITORY, "src"), { recursive: true, encoding: "utf8" });
  const names = sources
    .filter((path) => path.endsWith(".ts") && !/^(?:build\/|web\/(?:report|list|bundle-pages))/.test(path))
    .flatMap((path) => {
      const text = readFileSync(join(REPOSITORY, "src", path), "utf8").replaceAll(/^ *\*.*$/gm, "");
      return [...text.matchAll(/\b(?:from|import\()\s*"((?:@[\w.-]+\/)?[a-z][\w.-]*)(?=["/])/g)].map(
        ([, name = ""]) => name,
      );
    });
  return [...new Set(names)].filter((name) => name !== "looptrace").toSorted();
}
