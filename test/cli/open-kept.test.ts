import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withKept } from "../../src/cli/open-kept.js";
import type { Terminal } from "../../src/cli/terminal.js";
import { fixtureNames } from "../support/fixtures.js";
import { keepFixture } from "../support/kept-store.js";
import { temporaryStore } from "../support/temporary-store.js";

test("a command that looks at the kept sessions twice says once that it reads them, and why it has to again", async () => {
  const paths = await temporaryStore();
  for (const name of fixtureNames.filter((one) => one.endsWith("@1.18.33"))) await keepFixture(paths, name);
  await writeFile(join(paths.root, "catalog"), "a file where a folder should be, so that all are read anew each time");
  const told: string[] = [];
  const terminal: Terminal = {
    ...{ env: {}, cwd: "/", out: () => undefined, err: (text) => void told.push(text), readStdin: async () => "" },
    ...{ outIsTty: false, errIsTty: false, width: 80, errWidth: 80, errHeight: 24 },
  };
  const counts = [];
  for (let look = 0; look < 2; look += 1)
    counts.push(await withKept({ paths, masking: false }, terminal, async (catalog) => catalog.sessions().length));
  expect(counts[0]).toBeGreaterThan(15);
  expect(counts[1]).toBe(counts[0]);
  expect(told).toEqual([
    expect.stringMatching(/^looptrace: reading \d+ kept sessions for the first time\n$/),
    expect.stringMatching(/The index of the kept sessions could not be written to .*\n$/),
  ]);
});
