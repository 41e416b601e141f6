import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { manPage } from "../../src/cli/man-page.js";
import { ownVersion } from "../../src/cli/own-version.js";
import { looptrace } from "../support/cli.js";

const page = manPage();

test("the manual page has each command with its options, examples and exit codes", async () => {
  const { stdout } = await looptrace(["--help"], { env: {}, cwd: tmpdir() });
  const commands = [...stdout.matchAll(/^ {2}([a-z]+) .*$/gm)].map(([, name = ""]) => name);
  const known = commands.filter((name) => !["help", "looptrace"].includes(name));
  const sections = [...page.matchAll(/^\.SH (.*)$/gm)].map(([, title]) => title);
  expect(sections).toEqual(expect.arrayContaining(known.map((name) => `LOOPTRACE ${name.toUpperCase()}`)));
  expect(page).toContain(`"looptrace ${ownVersion()}"`);
  expect(page).toMatch(/^\\fB\\-\\-max\\-cost <usd>\\fR$/m);
  expect(page).toContain("looptrace check \\-\\-last \\-\\-max\\-cost 0.50");
  expect(page).not.toContain("__complete");
});

test("roff takes no text for a request, and nothing but ASCII", () => {
  const requests = new Set([...page.matchAll(/^\.(\S+)/gm)].map(([, name]) => name));
  expect([...requests].toSorted()).toEqual(["B", "PP", "SH", "TH", "TP", "fi", "nf"]);
  expect(page).not.toMatch(/^'|[^\x20-\x7e\n]/m);
});
