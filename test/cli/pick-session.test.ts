import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { type PickPlace, pickSession } from "../../src/cli/pick-session.js";
import type { Terminal } from "../../src/cli/terminal.js";
import { loadFixture } from "../support/fixtures.js";
import { keepFixture } from "../support/kept-store.js";
import { temporaryStore } from "../support/temporary-store.js";

/** A terminal on which somebody types. */
function typing(keys: string, isTTY = true): PickPlace & { readonly drawn: () => string } {
  const input = Object.assign(new PassThrough(), { isTTY, setRawMode: () => undefined });
  const output = Object.assign(new PassThrough(), { isTTY, columns: 80, rows: 24 });
  let drawn = "";
  let isTyped = false;
  output.on("data", (text) => {
    drawn += String(text);
    // Once the question is there.
    if (!isTyped && drawn.includes("Which session?")) {
      isTyped = true;
      for (const key of keys) setImmediate(() => input.write(key));
    }
  });
  return { input, output, drawn: () => drawn };
}

async function pick(place: PickPlace, keep: readonly string[] = ["multistep@1.18.33", "provider-401@1.18.33"]) {
  const paths = await temporaryStore();
  for (const name of keep)
    await keepFixture(paths, name, (text) => text.replaceAll("A scripted session", `Session ${name.split("@")[0]}`));
  const terminal: Terminal = {
    ...{ env: {}, cwd: paths.root, out: () => undefined, err: () => undefined, readStdin: async () => "" },
    ...{ outIsTty: true, errIsTty: true, width: 80, errWidth: 80, errHeight: 24 },
  };
  const load = {
    environment: {},
    directory: paths.root,
    paths,
    prefer: "kept",
    readStdin: terminal.readStdin,
  } as const;
  return await pickSession(load, terminal, place);
}

test("the session whose title was typed is picked", async () => {
  const place = typing("401\r");
  expect(await pick(place)).toBe(loadFixture("provider-401@1.18.33").session.info.id);
  expect(place.drawn()).toContain("Session provider-401");
});

test.each([
  ["nothing was chosen", typing("\u0003"), undefined, /No session was picked/],
  ["there is no terminal", typing("", false), undefined, /this is none\.\nName a session instead/],
  ["nothing is kept", typing(""), [], /No session is kept yet/],
])("where %s, that is said", async (_, place, keep, why) => {
  await expect(pick(place, keep)).rejects.toThrow(why);
});
