import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { agentOptions } from "../../src/cli/agent-options.js";
import { CommandContext } from "../../src/cli/command-context.js";
import { reportError } from "../../src/cli/report-error.js";
import type { Terminal } from "../../src/cli/terminal.js";
import { RunRequestError } from "../../src/errors/run-request-error.js";

function terminalOf(said: string[]): Terminal {
  const sizes = { outIsTty: false, errIsTty: false, width: 80, errWidth: 80, errHeight: 24 };
  const out = (): undefined => undefined;
  return { env: {}, cwd: tmpdir(), out, err: (text) => said.push(text), readStdin: async () => "", ...sizes };
}

async function saidOf(flags: object): Promise<readonly string[]> {
  const said: string[] = [];
  const terminal = terminalOf(said);
  await agentOptions("run", flags, new CommandContext(flags, terminal), terminal);
  return said;
}

test("a traceparent that no request could carry is refused before anything is started", async () => {
  await expect(saidOf({ propagate: true, wire: false })).rejects.toThrow(/^--propagate does not go with --no-wire: /);
  expect(await saidOf({ propagate: true, wire: true })).toEqual([]);
});

test("an opencode that is to stay and not to stay is refused", async () => {
  await expect(saidOf({ warm: 600_000, cold: true })).rejects.toThrow(/^--warm does not go with --cold: /);
  for (const flags of [{ warm: 0, cold: true }, { warm: 600_000 }, { cold: true }])
    expect(await saidOf(flags)).toEqual([]);
});

test.each([
  [{ wire: false }, "--no-wire"],
  [{ content: false }, "--no-content"],
])("a whole input that is not recorded is told of: %j", async (flags, name) => {
  expect(await saidOf({ fullInput: true, ...flags })).toEqual([
    expect.stringContaining(`--full-input does nothing with ${name}: `),
  ]);
  expect(await saidOf({ ...flags })).toEqual([]);
});

test("an error that names two settings names both as they are typed", () => {
  const said: string[] = [];
  reportError(new RunRequestError("propagate", "cannot go with live: it is early."), terminalOf(said));
  reportError(new RunRequestError("propagate", "cannot go with wire=false: none."), terminalOf(said));
  expect(said).toEqual([
    "looptrace: --propagate cannot go with --live: it is early.\n",
    "looptrace: --propagate cannot go with --no-wire: none.\n",
  ]);
});
