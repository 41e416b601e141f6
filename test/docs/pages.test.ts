import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseTasks } from "../../src/batch/parse-tasks.js";
import { parseConfigFile } from "../../src/config/config-file.js";
import { looptrace } from "../support/cli.js";
import { commandLine, exitCodesOf } from "./command-line.js";
import { namesIn, pageAt, pages, REPOSITORY, targetsOf } from "./pages.js";
import { shellCommands } from "./shell-block.js";

const LONGEST_LINE = 120;
const LONGEST_README = 150;

/** The pages that users read, without those for developers. */
const docs = pages.filter(({ path }) => /^(?:README\.md|docs\/[\w-]+\.md)$/.test(path));
const blocks = pages.flatMap((page) => page.blocks);

test("README fits on a few screens", () => {
  expect(pageAt("README.md").text.trimEnd().split("\n").length).toBeLessThanOrEqual(LONGEST_README);
});

describe.each(pages)("$path", (page) => {
  test("no line is too long", () => {
    const long = page.text.split("\n").filter((line) => [...line].length > LONGEST_LINE);
    expect(long).toEqual([]);
  });

  test("its links lead somewhere", () => {
    const dead = targetsOf(page).filter(({ path, anchor }) => {
      if (!existsSync(join(REPOSITORY, path))) return true;
      if (anchor === "") return false;
      return !pages.find((one) => one.path === path)?.anchors.has(anchor);
    });
    expect(dead).toEqual([]);
  });
});

test("every page can be reached from README", () => {
  const reached = new Set<string>();
  const visit = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    const page = pages.find((one) => one.path === path);
    if (page) for (const target of targetsOf(page)) visit(target.path);
  };
  visit("README.md");
  expect(pages.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
});

test("every page of a topic begins with an example", () => {
  const topics = docs.filter(({ path }) => basename(path) !== "README.md");
  expect(topics.length).toBeGreaterThan(10);
  expect(topics.filter(({ beginsWithExample }) => !beginsWithExample).map(({ path }) => path)).toEqual([]);
});

test("every command and every flag is named", async () => {
  const text = docs.map((page) => page.text).join("\n");
  const missing: string[] = [];
  for (const [command, { flags }] of await commandLine()) {
    if (!text.includes(`\`${command}\``) && !text.includes(`looptrace ${command}`)) missing.push(command);
    for (const flag of flags) {
      if (flag.startsWith("--") && flag !== "--version" && !new RegExp(`${flag}(?![\\w-])`).test(text))
        missing.push(`${command} ${flag}`);
    }
  }
  expect(missing).toEqual([]);
});

test("each command and flag in a block of shell is one", async () => {
  const known = await commandLine();
  const wrong: string[] = [];
  let seen = 0;
  for (const { page, language, text } of blocks.filter(({ language }) => language === "sh")) {
    for (const { words } of shellCommands(text)) {
      const [program, command = "", ...rest] = words;
      if (program !== "looptrace") continue;
      seen += 1;
      const end = command === "run" ? rest.indexOf("--") : -1;
      const own = end < 0 ? rest : rest.slice(0, end);
      const flags = own.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.replace(/=.*/s, ""));
      const allowed = known.get(command)?.flags;
      if (!allowed) wrong.push(`${page}: ${command}`);
      for (const flag of flags) if (!allowed?.has(flag)) wrong.push(`${page} (${language}): ${command} ${flag}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(seen).toBeGreaterThan(30);
});

/** Flags of other programs, and those that are examples of what is masked. */
const OTHERS = new Set(["--share", "--token", "--quick", "--only", "--sessions", "--project", "--standalone"]);

test("each flag that a text names is one of looptrace's", async () => {
  const known = new Set([...(await commandLine()).values()].flatMap(({ flags }) => [...flags]));
  const named = docs.flatMap(({ path, text }) =>
    [...text.matchAll(/`[^`\n]*`/g)].flatMap(([code]) =>
      [...code.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([flag]) => ({ path, flag })),
    ),
  );
  expect(named.filter(({ flag }) => !known.has(flag) && !OTHERS.has(flag))).toEqual([]);
});

test("a block of shell that does not run says what it needs", () => {
  const told = blocks.filter(({ language, info }) => language === "sh" && info !== "");
  expect(told.filter(({ info }) => !info.startsWith("needs "))).toEqual([]);
});

test("exit codes are explained in the words of --help", async () => {
  const { text } = pageAt("docs/exit-codes.md");
  for (const [command, { exitCodes }] of await commandLine()) {
    if (command === "") continue;
    const section = text.split(/^## /m).find((one) => one.split("\n")[0]?.split(", ").includes(command));
    expect(section, command).toContain(`\`\`\`\n${exitCodes}\n\`\`\``);
  }
  // Those of `server stop`, say, where they are not those of the command above it.
  const below = [...text.matchAll(/^## (\w+ \w+)\n\n```\n(.*?)\n```/gms)];
  expect(below.length).toBeGreaterThan(0);
  for (const [, command = "", told] of below) expect(told, command).toBe(await exitCodesOf(command.split(" ")));
});

test("every exit code stands in the first table", async () => {
  const codes = new Set(
    [...(await commandLine()).values()].flatMap(({ exitCodes }) =>
      [...exitCodes.matchAll(/^ {2}(\d+) /gm)].map(([, code]) => code),
    ),
  );
  const told = [...pageAt("docs/exit-codes.md").text.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => code);
  expect(told).toEqual([...codes].toSorted((a, b) => Number(a) - Number(b)));
});

test("every variable that --help names is explained", async () => {
  const { stdout } = await looptrace(["--help"], { env: {}, cwd: REPOSITORY });
  const variables = new Set(stdout.match(/\b[A-Z]+(?:_[A-Z]+)+\b/g));
  const text = docs.map((page) => page.text).join("\n");
  expect(variables.size).toBeGreaterThan(15);
  expect([...variables].filter((name) => !text.includes(name))).toEqual([]);
});

test("every setting of the configuration file is explained", () => {
  const { text } = pageAt("docs/configuration.md");
  const groups = ["", "check", "langfuse", "otlp"];
  const settings = groups.flatMap((group) => knownSettings(group));
  expect(settings.length).toBeGreaterThan(30);
  expect(settings.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  const explained = namesIn("docs/configuration.md", "setting");
  expect(explained.filter((name) => /^\w+$/.test(name) && knownSettings("").includes(name)).toSorted()).toEqual(
    knownSettings("")
      .filter((name) => name !== "$schema")
      .toSorted(),
  );
});

/** The settings of a group, as looptrace lists them to a person who has misspelt one. */
function knownSettings(group: string): readonly string[] {
  const none = { "no such setting": 1 };
  try {
    parseConfigFile("a file", JSON.stringify(group === "" ? none : { [group]: none }));
  } catch (error) {
    const [, names = ""] = /known(?: in \w+)? are (.*)$/m.exec(String(error)) ?? [];
    return names.split(", ");
  }
  throw new Error(`${group} takes any setting`);
}

const JSON_BLOCKS = blocks.filter(({ language }) => language === "json" || language === "jsonl");

test.each(JSON_BLOCKS.map((block) => [block.page, block] as const))("%s: what it shows is valid", (_, block) => {
  const { language, info, text } = block;
  if (language === "json" && info === "looptrace.config.json") expect(parseConfigFile("a file", text)).toBeDefined();
  else if (language === "jsonl" && info === "tasks") expect(parseTasks(text, "tasks").length).toBeGreaterThan(0);
  else expect(JSON.parse(text)).toBeDefined();
});
