import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { deliver } from "../../src/deliver/deliver.js";
import type { SendResult } from "../../src/deliver/http/send-result.js";
import { looptrace } from "../support/cli.js";
import { langfuseAt } from "../support/destinations.js";
import { fakeClock } from "../support/fake-clock.js";
import { otlpRequest } from "../support/otlp-requests.js";
import { temporaryStore } from "../support/temporary-store.js";

test("what waits is shown whatever is wrong with the settings, and what to do with it", async () => {
  const paths = await temporaryStore();
  const send = async (): Promise<SendResult> => ({ kind: "misdirected", status: 404, message: "answered 404" });
  const clock = fakeClock(1_700_000_000_000);
  await deliver([otlpRequest(3, { trace: 1, first: 1 })], [langfuseAt("http://127.0.0.1:1")], { paths, clock, send });
  const cwd = join(dirname(paths.root), "project");
  await mkdir(cwd);
  const around = { env: { HOME: cwd, LOOPTRACE_HOME: paths.root }, cwd };
  const status = async (...argv: string[]) => await looptrace(["push", "--status", ...argv], around);
  await writeFile(join(cwd, "looptrace.config.json"), "{ nonsense");
  const { code, stdout, stderr } = await status();
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("  To deliver it: looptrace push\n");
  expect((await status("--json")).code).toBe(0);
});
