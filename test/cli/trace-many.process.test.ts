import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { langfuseVariables, looptrace } from "../support/cli.js";
import { loadFixture } from "../support/fixtures.js";
import { startReceiver } from "../support/receiver.js";

const fixtures = ["multistep@1.18.33", "plain-answer@1.18.33", "two-turns@1.18.33"].map(loadFixture);

/** An opencode that lists all sessions of its folder, and one more that it cannot export. */
const PROGRAM = `#!/bin/sh
cd "$(dirname "$0")"
case "$1" in
  --version) echo 1.18.33 ;;
  session) echo "$*" >> asked; cat list ;;
  export) echo "$2" >> exported; cat "$2.json" ;;
esac
`;

test("trace --all: one line a trace, a session that cannot be read is told and holds nothing back", async () => {
  const folder = await mkdtemp(join(tmpdir(), "trace-many-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const broken = "ses_00000000000000000000000000";
  await writeFile(join(folder, "opencode"), PROGRAM);
  await chmod(join(folder, "opencode"), 0o755);
  await writeFile(join(folder, `${broken}.json`), "{}");
  for (const { session, text } of fixtures) await writeFile(join(folder, `${session.info.id}.json`), text);
  const ids = [broken, ...fixtures.map(({ session }) => session.info.id)];
  const list = ids.map((id, index) => ({ id, created: 1, updated: 100 - index }));
  await writeFile(join(folder, "list"), JSON.stringify(list));
  const around = {
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      LOOPTRACE_OPENCODE: join(folder, "opencode"),
      ...langfuseVariables(receiver.url),
    },
    cwd: folder,
  };
  const { code, stdout, stderr } = await looptrace(["trace", "--all"], around);
  expect(code).toBe(2);
  expect(stderr).not.toContain("of 4 sessions");
  const sent = receiver.spans().length;
  const again = await looptrace(["trace", "--all"], around);
  expect([again.code, again.stdout, receiver.spans().length]).toEqual([2, "", sent]);
  expect(again.stderr).toContain("3 sessions were skipped: delivered earlier, and opencode has not changed them since");
  expect(await readFile(join(folder, "exported"), "utf8")).toMatch(new RegExp(`^(?:.+\n){4}${broken}\n$`));
  const onTerminal = await looptrace(["trace", "--all", "--force"], { ...around, columns: 100 });
  for (const done of [1, 2, 3, 4]) expect(onTerminal.stderr).toContain(` ${done} of 4 sessions`);
  expect(onTerminal.stderr).toContain(" · 1 failed");
  const quiet = await looptrace(["trace", "--all", "-q"], { ...around, columns: 100 });
  expect(quiet.stderr).not.toContain("of 4 sessions");
  expect(quiet.stderr).not.toContain("\r");
  expect(quiet.stderr).toContain(`looptrace: ${broken}: `);
  const lines = stdout.trimEnd().split("\n");
  expect(lines.map((line) => [/\bses_\w+/.exec(line)?.[0], /turn \d\/\d/.exec(line)?.[0]])).toEqual([
    [ids[1], undefined],
    [ids[2], undefined],
    [ids[3], "turn 1/2"],
    [ids[3], "turn 2/2"],
  ]);
  expect(new Set(lines.map((line) => line.indexOf(" tokens"))).size).toBe(1);
  expect(stderr).toMatch(new RegExp(`^looptrace: ${broken}: this is JSON, but not an opencode export: .+$`, "m"));
  expect(stderr).toContain(`${sent} spans sent`);
  expect(new Set(receiver.spans().map(({ traceId }) => traceId)).size).toBe(4);

  // opencode itself would list 100 of them.
  expect(await readFile(join(folder, "asked"), "utf8")).toContain("--max-count=1000000");

  // Named, it holds nothing back either.
  const mixed = await looptrace(["trace", "--json", broken, "nowhere.json", String(ids[1])], around);
  expect(mixed.code).toBe(2);
  expect(JSON.parse(mixed.stdout).traces).toHaveLength(1);
  expect(mixed.stderr).toMatch(/nowhere\.json: there is no such file[\s\S]+is JSON, but not an opencode export/);
  const named = await looptrace(["trace", broken], around);
  expect([named.code, named.stdout]).toEqual([2, ""]);
  const since = await looptrace(["trace", "--since", "7d"], around);
  expect(since).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /^looptrace: Neither opencode nor looptrace has a session of this project .*, since /,
    ),
  });
  // What opencode has changed is read again, and that it has arrived is known by its receipts.
  await writeFile(
    join(folder, "list"),
    JSON.stringify(list.map((one) => (one.id === ids[3] ? { ...one, updated: 200 } : one))),
  );
  const document = JSON.parse((await looptrace(["trace", "--all", "--json"], around)).stdout);
  expect(document.traces).toHaveLength(2);
  expect(document.delivery).toMatchObject([{ acknowledged: 0, pending: { spans: 0 } }]);
  expect(document.sessions).toMatchObject({ of: 4, traced: 1, skipped: 2, failed: [{ source: broken }], left: 0 });
});

test("without a destination the traces are told, and why nothing was sent", async () => {
  const folder = await mkdtemp(join(tmpdir(), "trace-many-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [fixture] = fixtures;
  const around = {
    env: { HOME: folder, LOOPTRACE_OPENCODE: "/nowhere" },
    cwd: folder,
    stdin: fixture?.text ?? "",
  };
  const { code, stdout, stderr } = await looptrace(["trace", "-"], around);
  expect([code, stdout.split("\n").length]).toEqual([0, 2]);
  expect(stderr).toMatch(
    /^No destination is configured, so nothing was sent; set LANGFUSE_PUBLIC_KEY .+ `looptrace show -` shows the trace\.\n$/,
  );
});
