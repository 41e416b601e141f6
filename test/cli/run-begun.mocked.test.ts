import { expect, test, vi } from "vitest";
import type { PromptOptions } from "../../src/agent/open-code.js";
import { looptrace } from "../support/cli.js";
import { fakeOpenCode } from "./fake-opencode.js";

/** What the agent does, and whether its servers can be closed. */
const does = vi.hoisted(() => ({
  run: (_: PromptOptions): void => undefined,
  interrupt: new AbortController(),
  close: (): void => undefined,
}));

vi.mock("../../src/agent/open-code.js", () => ({
  OpenCode: class {
    async run(_: string, options: PromptOptions): Promise<never> {
      does.run(options);
      throw new Error("the disk is gone");
    }
  },
}));
vi.mock("../../src/cli/early-server.js", () => ({ earlyServer: () => ({ close: async () => does.close() }) }));
vi.mock("../../src/cli/interrupt.js", () => ({
  onInterrupt: () => ({ signal: does.interrupt.signal, done: () => undefined }),
}));

/** What `run --json` leaves, where the agent does that and then fails. */
async function left(run: typeof does.run, close = (): void => undefined) {
  Object.assign(does, { run, close, interrupt: new AbortController() });
  return await looptrace(["run", "--json", "--quiet", "hi"], await fakeOpenCode());
}

/** Its prompt is handed over. */
function begin({ onServed }: PromptOptions): void {
  onServed?.({
    ...{ connection: { url: "http://127.0.0.1:9" }, generation: 1, directory: "/", version: Promise.resolve(null) },
    ...{ mcpServers: [], sessionId: "ses_1", logPath: "/log", logFrom: 0, startedAt: 0 },
  });
}

const interrupt = (): void => does.interrupt.abort(new Error("interrupted by SIGINT"));

test("what fails before there is a turn says so in JSON", async () => {
  const { code, stdout, stderr } = await left(() => undefined);
  expect([code, JSON.parse(stdout)]).toMatchObject([2, { error: { code: "unknown", message: "the disk is gone" } }]);
  expect(stderr).toContain("the disk is gone");
});

test("what fails once a prompt was handed over has no JSON that says nothing was run", async () => {
  const { code, stdout, stderr } = await left(begin);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain("looptrace: the disk is gone\n");
});

test("nor has an interrupt by then, and what became of it is said", async () => {
  const { code, stdout, stderr } = await left((options) => {
    begin(options);
    interrupt();
  });
  expect([code, stdout]).toEqual([130, ""]);
  expect(stderr).toContain("looptrace: the disk is gone\n");
  expect(stderr).not.toContain("nothing was run");
});

test("one JSON document where something fails once it is printed", async () => {
  const { code, stdout, stderr } = await left(interrupt, () => {
    throw new Error("does not close");
  });
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: "aborted" } });
  expect(stderr).toContain("nothing was run");
  expect(stderr).toContain("does not close");
});
