import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { CommandContext, type ContextOptions } from "../../src/cli/command-context.js";
import type { Terminal } from "../../src/cli/terminal.js";
import { ConfigurationError } from "../../src/errors/configuration-error.js";

async function contextOf(
  file: object,
  variables: Terminal["env"] = {},
  options: ContextOptions = {},
): Promise<{ readonly context: CommandContext; readonly store: string }> {
  const cwd = await realpath(await mkdtemp(join(tmpdir(), "context-")));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  await writeFile(join(cwd, "looptrace.config.json"), JSON.stringify(file));
  const none = (): undefined => undefined;
  const store = join(cwd, "store");
  const env = { LOOPTRACE_HOME: store, ...variables };
  const sizes = { outIsTty: false, errIsTty: false, width: 80, errWidth: 80, errHeight: 24 };
  const terminal = { env, cwd, out: none, err: none, readStdin: async () => "", ...sizes };
  return { context: new CommandContext({}, terminal, options), store };
}

const ALLOWED = { LOOPTRACE_TRUST: "*" };

test("a part that is wrong stands in the way of what needs it alone", async () => {
  const env = { ...ALLOWED, LANGFUSE_TRACING_ENVIRONMENT: "Not Allowed", LANGFUSE_PUBLIC_KEY: "pk-half" };
  const { context } = await contextOf({ mask: ["acme"] }, env);
  expect(context.paths.root).toContain("store");
  expect(context.masking).toMatchObject({ patterns: [/acme/] });
  expect(() => context.settings).toThrow("LANGFUSE_TRACING_ENVIRONMENT");
});

test("a pattern that is none is found out where something is masked", async () => {
  const { context } = await contextOf({ mask: ["("] }, ALLOWED);
  expect(context.destinations).toEqual([]);
  expect(() => context.masking).toThrow(ConfigurationError);
});

test("a file that is not allowed counts as far as the command takes none of its risks", async () => {
  const file = { mask: false, opencode: "bin/opencode" };
  const masks = await contextOf(file, {}, { uses: ["masks"] });
  expect(() => masks.context.file).toThrow("secrets are not masked (mask)");
  const destination = await contextOf(file, {}, { uses: ["destination"] });
  expect(destination.context.file.mask).toBe(false);
});

test("the keys that something is sent with are masked, and those that the command has of its own", async () => {
  const file = { langfuse: { publicKey: "pk-file", secretKey: "sk-file" } };
  const { context } = await contextOf(file, ALLOWED, { secrets: ["a server's password"] });
  expect(context.masking).toMatchObject({ secrets: expect.arrayContaining(["sk-file", "a server's password"]) });
});

test.skipIf(process.platform === "win32")("a folder that every user can write to is not used", async () => {
  const { context, store } = await contextOf({}, { LOOPTRACE_TRUST: undefined });
  await mkdir(store);
  await chmod(store, 0o777);
  expect(() => context.paths).toThrow("every user can write to it");
});
