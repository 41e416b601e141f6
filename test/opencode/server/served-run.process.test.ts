import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { drive } from "../../../src/opencode/drive.js";
import type { PermissionRequest } from "../../../src/opencode/request/permission-policy.js";
import type { Progress } from "../../../src/opencode/request/progress.js";
import { checkRequest } from "../../../src/opencode/request/run-request.js";
import { adapterOf1 } from "../../../src/opencode/server/adapter-of-1.js";
import { runOnServer } from "../../../src/opencode/server/served-run.js";
import { ServerPool } from "../../../src/opencode/server/server-pool.js";
import { stopRequest } from "../../../src/opencode/server/stop-request.js";
import type { Scenario } from "../../provider/scenario.js";
import { allowColdStarts } from "../../support/cold-starts.js";
import { cuttingProxy } from "../../support/cutting-proxy.js";
import { messagesOf } from "../../support/generation1.js";
import { type IsolatedOpenCode, isolatedOpenCode } from "../../support/isolated-opencode.js";
import { longEnough, WARM_FIRST_S } from "../../support/long-enough.js";
import { pidsOf } from "../../support/play-drive.js";
import { answer, madeScenario, refused, usage } from "../../support/play-run.js";
import { warmOpenCode } from "../../support/warm-opencode.js";

allowColdStarts();

const asking = { permission: { bash: "ask" } };
const bash = (id: string, command: string) => ({
  delayMs: 20,
  toolCalls: [{ id, name: "bash", arguments: { command, description: "Runs" } }],
  usage,
});

/** For what is about a server's start, its process or its end. */
async function place(scenario: Scenario): Promise<IsolatedOpenCode> {
  const bench = await isolatedOpenCode(scenario);
  onTestFinished(() => bench.remove());
  return bench;
}

/** Before the server that the tests share. */
async function warmPlace(...wanted: Parameters<typeof warmOpenCode>): Promise<IsolatedOpenCode> {
  const bench = await warmOpenCode(...wanted);
  onTestFinished(() => bench.remove());
  return bench;
}

const requestIn = (bench: IsolatedOpenCode) => ({
  message: "Go.",
  directory: bench.workdir,
  opencode: bench.binary,
  environment: bench.env,
  driver: "server" as const,
});

const outputs = ({ tree }: Awaited<ReturnType<typeof drive>>) =>
  messagesOf(tree?.session).flatMap(({ parts }) =>
    parts.flatMap((part) =>
      part.type === "tool" ? [part.state.status === "completed" ? part.state.output?.trim() : part.state.status] : [],
    ),
  );

describe("permissions", () => {
  const scenario = () =>
    madeScenario([bash("call_a", "echo a"), bash("call_b", "echo b"), answer], { opencode: asking });

  test("are given by a policy, and how long they waited is known", async () => {
    const bench = await warmPlace(scenario());
    const result = await drive({ ...requestIn(bench), permissions: "allow" });
    expect(outputs(result)).toEqual(["a", "b"]);
    expect(result.permissions).toMatchObject([
      { sessionId: result.sessionId, callId: "call_a", permission: "bash", answer: "once", by: "policy" },
      { sessionId: result.sessionId, callId: "call_b", permission: "bash", answer: "once", by: "policy" },
    ]);
    for (const { askedAt, answeredAt } of result.permissions) expect(answeredAt).toBeGreaterThanOrEqual(askedAt);
  });

  test("are given in the directory of the session that is gone on with, which opencode works in", async () => {
    const bench = await place(madeScenario([answer, bash("call_a", "pwd"), answer], { opencode: asking }));
    const servers = new ServerPool();
    onTestFinished(async () => {
      await servers.close();
    });
    const request = { ...requestIn(bench), servers };
    const elsewhere = join(bench.home, "elsewhere");
    await mkdir(elsewhere);
    const first = await drive({ ...request, directory: elsewhere });
    const seen: Progress[] = [];
    const second = await drive(
      { ...request, session: first.sessionId ?? "", permissions: "allow" },
      { onProgress: (progress) => void seen.push(progress) },
    );
    expect(second.permissions).toMatchObject([{ sessionId: first.sessionId, callId: "call_a", answer: "once" }]);
    expect(outputs(second)).toEqual([elsewhere]);
    expect(seen.at(-1)?.step).toBe(1);
    expect(second.notes).toContain(
      `The session belongs to ${elsewhere}: opencode worked there, and not in ${bench.workdir}.`,
    );
  });

  test("are refused without one: the loop stops", async () => {
    const bench = await warmPlace(scenario());
    const result = await drive(requestIn(bench));
    expect(outputs(result)).toEqual(["error"]);
    expect(result.permissions).toMatchObject([{ answer: "reject", by: "policy" }]);
    expect(bench.provider.requests.filter(({ title }) => !title)).toHaveLength(1);
  });

  test("are asked of the caller's function, which may take its time", async () => {
    const bench = await warmPlace(scenario());
    const asked: PermissionRequest[] = [];
    const result = await drive({
      ...requestIn(bench),
      permissions: async (request) => {
        asked.push(request);
        await new Promise((resolve) => setTimeout(resolve, 300));
        return request.callId === "call_a" ? "allow" : "deny";
      },
    });
    expect(asked.map(({ permission, patterns }) => [permission, patterns])).toEqual([
      ["bash", ["echo a"]],
      ["bash", ["echo b"]],
    ]);
    expect(outputs(result)).toEqual(["a", "error"]);
    expect(result.permissions.map(({ answer: given }) => given)).toEqual(["once", "reject"]);
    const [first] = result.permissions;
    expect((first?.answeredAt ?? 0) - (first?.askedAt ?? 0)).toBeGreaterThanOrEqual(290);
  });

  test("`always` holds for the rest of the session", async () => {
    const twice = [bash("call_a", "echo a"), bash("call_b", "echo a"), answer];
    const bench = await warmPlace(madeScenario(twice, { opencode: asking }), { fresh: true });
    const result = await drive({ ...requestIn(bench), permissions: () => "always" });
    expect(outputs(result)).toEqual(["a", "a"]);
    expect(result.permissions).toHaveLength(1);
  });

  test("`always` on a server that others use too holds for its own turn, and is no answer to anybody else", async () => {
    const lanes = ["one", "two"].map((name) => ({
      name,
      match: `prompt ${name}`,
      replies: [bash(`call_${name}_a`, "echo a"), bash(`call_${name}_b`, "echo b"), answer],
    }));
    const bench = await warmPlace(madeScenario([], { lanes, opencode: asking }), { fresh: true });
    const servers = new ServerPool();
    onTestFinished(async () => {
      await servers.close();
    });
    const request = { ...requestIn(bench), servers };
    let asked = 0;
    const first = await drive({
      ...request,
      message: "prompt one",
      permissions: () => {
        asked += 1;
        return "always";
      },
    });
    const second = await drive({ ...request, message: "prompt two", permissions: "deny" });
    expect(outputs(first)).toEqual(["a", "b"]);
    // What `always` means is opencode's to say: `echo *`, for both commands.
    expect([asked, first.permissions.length]).toEqual([1, 2]);
    expect(outputs(second)).toEqual(["error"]);
    expect(second.permissions).toMatchObject([{ answer: "reject", by: "policy" }]);
  });

  test("a policy that fails denies, and says why", async () => {
    const bench = await warmPlace(scenario());
    const result = await drive({
      ...requestIn(bench),
      permissions: () => {
        throw new Error("nobody at the desk");
      },
    });
    expect(outputs(result)).toEqual(["error"]);
    expect(result.notes).toContain("bash was denied, for the policy failed: nobody at the desk");
  });

  test("a policy that never answers does not outlive the deadline", async () => {
    const result = await longEnough(
      async (seconds) =>
        drive({
          ...requestIn(await warmPlace(scenario())),
          permissions: () => new Promise(() => undefined),
          deadlineMs: seconds * 1000,
        }),
      ({ permissions }) => permissions.length > 0,
      WARM_FIRST_S,
    );
    expect(result.exit).toEqual({ kind: "served", asked: "deadline" });
    expect(result.permissions).toMatchObject([{ answer: null, answeredAt: null }]);
  });
});

test("what was missed while the events were interrupted is caught up with: the agent does not wait for ever", async () => {
  const bench = await warmPlace(
    madeScenario([bash("call_a", "echo a"), bash("call_b", "echo b"), answer], { opencode: asking }),
  );
  const servers = new ServerPool();
  onTestFinished(async () => {
    await servers.close();
  });
  const { directory, opencode, environment } = requestIn(bench);
  const lease = await servers.lease({ path: opencode, directory, environment, projectConfig: false });
  const proxy = await cuttingProxy(lease.server.connection.url, '"permission.asked"');
  onTestFinished(() => proxy.close());
  // Shorter than the test may take, and longer than any machine does.
  const stop = stopRequest(100_000, undefined);
  const startedAt = Date.now();
  const told: string[] = [];
  const run = await runOnServer(adapterOf1, {
    runId: "run",
    server: {
      ...lease.server,
      connection: { ...lease.server.connection, url: proxy.url },
      exit: null,
    },
    request: checkRequest({ message: "Go.", directory, permissions: "allow" }),
    agent: undefined,
    environment,
    startedAt,
    isShared: false,
    enter: async () => true,
    stop,
    usable: Promise.resolve(),
    logFrom: 0,
    onEvent: ({ type }) => told.push(type),
  });
  stop.forget();
  expect(run.exit).toEqual({ kind: "served" });
  expect(run.permissions.map(({ answer: given }) => given)).toEqual(["once", "once"]);
  const steps = Array.from({ length: 3 }, () => ["step_start", "step_finish"]).flat();
  expect(told.filter((type) => type.startsWith("step_"))).toEqual(steps);
  expect(run.progress).toMatchObject({ step: 2, toolsDone: 2 });
});

test("retries are told with their waits, and the progress says until when", async () => {
  const full = refused(429, "Rate limit reached", {}, { "retry-after-ms": "400" });
  const bench = await warmPlace(madeScenario([full, full, answer]));
  const seen: Progress[] = [];
  const before = Date.now();
  const result = await drive(requestIn(bench), { onProgress: (progress) => seen.push(progress) });
  expect(result.retries).toMatchObject([
    { sessionId: result.sessionId, attempt: 1, reason: "Rate limit reached" },
    { sessionId: result.sessionId, attempt: 2, reason: "Rate limit reached" },
  ]);
  for (const { next } of result.retries) expect(next).toBeGreaterThanOrEqual(before + 400);
  const waits = seen.flatMap(({ phase }) => (phase.kind === "retrying" ? [phase.until] : []));
  expect(new Set(waits)).toEqual(new Set(result.retries.map(({ next }) => next)));
  expect(result.progress).toMatchObject({ failedAttempts: 2, phase: { kind: "finishing" } });
});

test("the answer is seen while it grows", async () => {
  const bench = await warmPlace(
    madeScenario([{ delayMs: 20, chunkMs: 60, chunks: 8, text: "One two three four five six seven.", usage }]),
  );
  const tails: string[] = [];
  await drive(requestIn(bench), {
    onProgress: ({ phase }) => {
      if (phase.kind === "streaming" && phase.tail !== undefined) tails.push(phase.tail);
    },
  });
  expect(tails.length).toBeGreaterThan(2);
  for (const tail of tails) expect("One two three four five six seven.").toContain(tail);
});

describe("a run that is ended before its prompt asks no model", () => {
  test("by its deadline, which counts from the start of the server on", async () => {
    const bench = await place(madeScenario([answer]));
    const result = await drive({ ...requestIn(bench), deadlineMs: 50 });
    expect(result.exit).toEqual({ kind: "served", asked: "deadline" });
    expect([result.sessionId, result.tree]).toEqual([null, null]);
    expect(bench.provider.requests).toEqual([]);
    if (process.platform === "linux") expect(pidsOf(bench, "serve")).toEqual([]);
  });

  test("by the caller, while the server of a pool starts", async () => {
    const bench = await place(madeScenario([answer]));
    const servers = new ServerPool();
    const caller = new AbortController();
    const driving = drive({ ...requestIn(bench), servers }, { signal: caller.signal });
    setTimeout(() => caller.abort(), 50);
    expect(await driving).toMatchObject({ sessionId: null, exit: { kind: "served", asked: "caller" } });
    await servers.close();
    expect(bench.provider.requests).toEqual([]);
    if (process.platform === "linux") expect(pidsOf(bench, "serve")).toEqual([]);
  });

  test("by the caller, when the session is there", async () => {
    const bench = await warmPlace(madeScenario([answer]));
    const caller = new AbortController();
    const onServed = () => {
      caller.abort();
      return () => Promise.resolve();
    };
    const result = await drive(requestIn(bench), { signal: caller.signal, onServed });
    expect(result.exit).toEqual({ kind: "served", asked: "caller" });
    expect(bench.provider.requests).toEqual([]);
  });

  test("also where the server never answers", async () => {
    const bench = await place(madeScenario([answer]));
    const opencode = join(bench.home, "silent");
    const program = `require("node:http").createServer(() => {}).listen(Number(process.argv[4].slice(7)), "127.0.0.1",
      () => console.log("listening on it"));`;
    await writeFile(opencode, `#!${process.execPath}\n${program}\n`, { mode: 0o755 });
    const result = await drive({ ...requestIn(bench), opencode, deadlineMs: 1_000 });
    expect(result.exit).toEqual({ kind: "served", asked: "deadline" });
  });
});

test("what it took to find out that opencode makes no server counts for the deadline", async () => {
  const bench = await place(madeScenario([answer]));
  const opencode = join(bench.home, "no-server");
  const played = await longEnough(
    async (seconds) => {
      const deadlineMs = 500 * seconds;
      const program = `const [command] = process.argv.slice(2);
        if (command === "--version") console.log("1.18.33");
        else setTimeout(() => process.exit(1), command === "serve" ? ${deadlineMs / 3} : 120_000);`;
      await writeFile(opencode, `#!${process.execPath}\n${program}\n`, { mode: 0o755 });
      const request = { ...requestIn(bench), driver: "auto" as const, opencode, deadlineMs, graceMs: 100 };
      return { result: await drive(request), deadlineMs };
    },
    // A busy machine may take a third of the deadline for the end alone.
    ({ result: { driver, startedAt, endedAt }, deadlineMs }) => driver === "cli" && endedAt - startedAt < deadlineMs,
  );
  const { result, deadlineMs } = played;
  expect(result).toMatchObject({ driver: "cli", exit: { kind: "signalled", by: "deadline" } });
  // By its own clock: the whole deadline anew would be at least this, however long that is.
  expect(result.endedAt - result.startedAt).toBeLessThan(deadlineMs);
});
