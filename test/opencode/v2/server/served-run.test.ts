import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SessionNotFoundError } from "../../../../src/errors/session-not-found-error.js";
import type { PermissionRequest } from "../../../../src/opencode/request/permission-policy.js";
import type { Phase, Progress } from "../../../../src/opencode/request/progress.js";
import type { RunEvent } from "../../../../src/opencode/schema/run-event.js";
import { readSession2From } from "../../../../src/opencode/v2/server/read-session.js";
import { isFields } from "../../../../src/text/json-fields.js";
import { recordedTurn, recording } from "../../../support/opencode2-recordings.js";
import type { AskedRequest } from "../../../support/opencode2-server.js";
import { standIn } from "../../../support/opencode2-turn.js";
import { runs, says, type Turn, type TurnTool } from "../../../support/opencode2-turns.js";
import { patiently } from "../../../support/patience.js";
import { sideBySide } from "../../../support/side-by-side.js";
import { until } from "../../../support/until.js";

sideBySide();

const asksFor = (...resources: readonly string[]): TurnTool => ({
  ...{ name: "shell", input: { command: resources[0] }, output: "done" },
  asks: { action: "shell", resources, save: ["git *"] },
});
const hanging: Turn = { steps: [{ text: "Let me think about", hangs: true }] };
const failing = { type: "provider.auth", message: "Incorrect API key", status: 401 };

describe.concurrent("a turn on a server of opencode 2", () => {
  it("is told as it comes along, and ends when the session is at rest", async ({ expect }) => {
    const tool: TurnTool = { name: "shell", input: { command: "ls" }, output: "a.txt", takesMs: 20 };
    const steps = [{ reasoning: "Look.", text: "I look.", tools: [tool] }, { text: "There is a.txt." }];
    const { run, server, directory } = await standIn({ turns: [{ steps }] });
    const phases: Phase[] = [];
    const result = await run({ model: "scripted/m2#high" }, { onProgress: ({ phase }) => phases.push(phase) });
    expect(result).toMatchObject({
      exit: { kind: "served" },
      streamErrors: [],
      permissions: [],
      retries: [],
      notes: [],
    });
    expect(namesOf(result.events)).toEqual([
      ...["step_start", "reasoning", "text", "tool_use", "step_finish"],
      ...["step_start", "text", "step_finish"],
    ]);
    expect(result.events.find(({ type }) => type === "tool_use")).toMatchObject({
      part: { tool: "shell", state: { status: "completed", input: { command: "ls" }, output: "a.txt" } },
    });
    expect(result.progress).toMatchObject({
      step: 1,
      toolsDone: 1,
      toolsFailed: 0,
      tokens: { input: 200, output: 20 },
    });
    expect(new Set(phases.map(({ kind }) => kind))).toEqual(
      new Set(["prompt", "waiting-for-model", "streaming", "tools", "finishing"]),
    );
    expect(phases).toContainEqual({
      kind: "tools",
      running: [expect.objectContaining({ name: "shell", detail: "ls" })],
    });
    const created = asked(server.requests, "POST", /^\/api\/session$/);
    expect(created).toEqual([
      expect.objectContaining({
        model: { providerID: "scripted", id: "m2", variant: "high" },
        location: { directory },
        permissions: [{ action: "question", resource: "*", effect: "deny" }],
      }),
    ]);
    // What names the session was waited for: it has a price.
    expect(server.sessions().get(result.sessionId ?? "")?.info).toMatchObject({
      title: "A short title",
      cost: expect.closeTo(0.0003, 9),
    });
    expect(server.claims.size).toBe(0);
    await expect.poll(() => server.streams()).toBe(0);
  });

  it("is read while it is asked whether it is at rest, and not once more", async ({ expect }) => {
    const tool: TurnTool = { name: "shell", input: { command: "ls" }, output: "a.txt" };
    const turns = Array.from({ length: MOST_TURNS }, () => runs([tool], "There is a.txt."));
    for (const request of [{}, { continueLast: true }]) {
      const { run, server } = await standIn({ turns });
      const seen = await untilRead(async () => {
        const before = server.requests.length;
        const { sessionId, read } = await run(request);
        const session = await read;
        if (session === undefined) return undefined;
        const paths = server.requests.slice(before).flatMap(({ method, path }) => (method === "GET" ? [path] : []));
        expect(paths.filter((path) => path.includes("/message"))).toHaveLength(1);
        expect(session).toEqual(await readSession2From(server.connection, sessionId ?? ""));
        return session;
      });
      expect(seen?.tree.session.messages.at(-1)).toMatchObject({ type: "idle" });
    }
  });

  it("is read later where more than that was to wait for", async ({ expect }) => {
    const input = { agent: "general", description: "look", prompt: "Look." };
    const child: Turn = { steps: [{ text: "Looked." }] };
    const { run } = await standIn({ turns: [runs([{ name: "subagent", input, child }])] });
    expect(await (await run()).read).toBeUndefined();
    const { run: runRefused, server: refusing } = await standIn({ turns: [says("Yes.")] });
    refusing.fail(/GET .*\/message/, 1);
    expect(await (await runRefused()).read).toBeUndefined();
  });

  it.each(["multistep", "subagent", "rate-limited-then-ok"])(
    "sees in a recorded turn what was recorded: %s",
    async (name) => {
      const { run } = await standIn({ turns: [recordedTurn(name)] });
      const result = await run();
      const { sessions, events } = recording(name);
      const [info] = sessions.map((session) => session.info);
      const messages = sessions[0]?.messages ?? [];
      const tokens = messages.flatMap((message) =>
        "tokens" in message ? [message.tokens as { readonly input: number }] : [],
      );
      expect(result.progress.tokens.input).toBe(tokens.reduce((sum, { input }) => sum + input, 0));
      expect(result.progress.step).toBe(messages.filter(({ type }) => type === "assistant").length - 1);
      expect(result.progress.subagents).toBe(sessions.length - 1);
      const retried = events.filter(({ type }) => type === "session.retry.scheduled");
      expect(result.retries.map(({ attempt }) => attempt)).toEqual(retried.map((_, index) => index + 1));
      expect(info?.outcome).toBe("succeeded");
    },
  );

  it("lets the policy answer for permissions, once each, and remembers how long they waited", async () => {
    const turn = runs([asksFor("git status"), asksFor("git log"), asksFor("rm -r /")]);
    const { run, server } = await standIn({ turns: [turn] });
    const askedFor: PermissionRequest[] = [];
    const result = await run({
      permissions: (request) => {
        askedFor.push(request);
        return request.patterns[0]?.startsWith("git") ? "always" : "deny";
      },
    });
    expect(askedFor.map(({ permission }) => permission)).toEqual(expect.arrayContaining(["shell"]));
    expect(result.permissions.map(({ patterns, answer, by }) => [patterns[0], answer, by])).toEqual([
      ["git status", "once", "policy"],
      ["git log", "once", "policy"],
      ["rm -r /", "reject", "policy"],
    ]);
    for (const { askedAt, answeredAt, callId } of result.permissions) {
      expect(answeredAt).toBeGreaterThanOrEqual(askedAt);
      expect(callId).toMatch(/^call_/);
    }
    // Never for good: opencode would write it down for the project.
    const decisions = asked(server.requests, "POST", /\/permission\/.*\/reply$/).map(({ decision }) => decision);
    expect(decisions.sort()).toEqual(["once", "once", "reject"]);
    expect(result.progress).toMatchObject({ toolsDone: 3, toolsFailed: 1 });
    expect(result.exit).toEqual({ kind: "served" });
  });

  it("answers a permission that was asked for while the events were away", async () => {
    const { run, server } = await standIn({ turns: [runs([asksFor("git status")])] });
    server.fail(/GET \/api\/event/, 3);
    const result = await run({ permissions: "allow" });
    expect(result.permissions).toMatchObject([{ answer: "once" }]);
    expect(result.progress).toMatchObject({ toolsDone: 1, step: 1 });
  });

  it("is read again where the events broke off, and told once", async () => {
    const slow: TurnTool = { name: "shell", input: { command: "make" }, output: "made", takesMs: 700 };
    const { run, server } = await standIn({ turns: [runs([slow], "Made.")] });
    const result = await run({}, { onEvent: ({ type }) => type === "text" && server.cut() });
    expect(namesOf(result.events).filter((type) => type !== "text")).toEqual([
      ...["step_start", "tool_use", "step_finish", "step_start", "step_finish"],
    ]);
    expect(result.progress.tokens.input).toBe(200);
  });

  it("is not over when another one's end is told before it has begun", async ({ expect }) => {
    const { run, server } = await standIn({ turns: [says("Yes.")] });
    const { sessionId } = await run();
    server.beginLate(300);
    const isAsked = () => asked(server.requests, "POST", /\/prompt$/).length === 2;
    const other = (async () => {
      await expect.poll(isAsked, { interval: 5 }).toBe(true);
      server.tell("session.execution.succeeded", { sessionID: sessionId });
    })();
    const again = await run({ session: sessionId ?? "" });
    await other;
    expect(namesOf(again.events)).toEqual(["step_start", "text", "step_finish"]);
    expect(outcomeOf(server.sessions().get(sessionId ?? ""))).toBe("succeeded");
  });

  it("ends without any events too", async () => {
    const { run, server } = await standIn({ turns: [says("Yes.")] });
    server.fail(/GET \/api\/event/, 1_000);
    const result = await run({ deadlineMs: 60_000 });
    expect(await result.read).toBeUndefined();
    expect(result.exit).toEqual({ kind: "served" });
    expect(outcomeOf(server.sessions().get(result.sessionId ?? ""))).toBe("succeeded");
  });

  it("refuses a question that nobody would see", async () => {
    const question: TurnTool = { name: "question", input: {}, question: "Which?" };
    const { run, server } = await standIn({ turns: [runs([question])] });
    const first = await run();
    // The session itself denies them; one that was made otherwise does not.
    expect(asked(server.requests, "DELETE", /\/form\//)).toEqual([]);
    const session = await made(server);
    const second = await run({ session });
    expect(asked(server.requests, "DELETE", /\/form\//)).toHaveLength(1);
    for (const { exit, progress } of [first, second]) {
      expect(exit).toEqual({ kind: "served" });
      expect(progress.toolsFailed).toBe(1);
    }
  });

  it("remembers requests that failed, with the waits behind them", async () => {
    const overloaded = { type: "provider.internal", message: "Overloaded", status: 529 };
    const retries = [
      { error: overloaded, waitMs: 30 },
      { error: overloaded, waitMs: 60 },
    ];
    const { run } = await standIn({ turns: [{ steps: [{ retries, text: "At last." }] }] });
    const phases: Phase[] = [];
    const before = Date.now();
    const result = await run({}, { onProgress: ({ phase }) => phases.push(phase) });
    expect(result.retries).toMatchObject([
      { attempt: 1, reason: "Overloaded" },
      { attempt: 2, reason: "Overloaded" },
    ]);
    // As the server said it, whenever its words arrived here.
    expect(result.retries[0]?.next).toBeGreaterThanOrEqual(before + 30);
    expect(result.retries[1]?.next).toBeGreaterThanOrEqual(before + 60);
    expect(result.progress).toMatchObject({ failedAttempts: 2, step: 0 });
    expect(phases).toContainEqual(expect.objectContaining({ kind: "retrying", reason: "Overloaded" }));
    expect(namesOf(result.events)).toEqual(["step_start", "text", "step_finish"]);
  });

  it("tells why it failed, and not what it went on after", async () => {
    const { run } = await standIn({ turns: [{ steps: [{ text: "I", error: failing }] }, { refused: failing }] });
    const failed = await run();
    expect(failed.streamErrors).toMatchObject([{ error: { name: "provider.auth", data: { statusCode: 401 } } }]);
    expect(failed.events.at(-1)).toMatchObject({ type: "error", error: { name: "provider.auth" } });
    expect((await run()).streamErrors).toHaveLength(1);
    const steps = [{ text: "Half", error: failing, continues: true }, { text: "and the rest." }];
    const { run: runOther } = await standIn({ turns: [{ steps }] });
    expect((await runOther()).streamErrors).toEqual([]);
  });

  it("waits for subagents, those in the background too, and for what follows on them", async () => {
    const input = { agent: "general", description: "look", prompt: "Look." };
    const child: Turn = { steps: [{ text: "Looked.", waitMs: 150 }] };
    const { run, server } = await standIn({ turns: [runs([{ name: "subagent", input, child, background: true }])] });
    const result = await run();
    const sessions = [...server.sessions().values()];
    expect(sessions.map(({ busy, messages }) => [busy, messages.at(-1)?.type])).toEqual(
      sessions.map(() => [false, "idle"]),
    );
    const types = (server.sessions().get(result.sessionId ?? "")?.messages ?? []).map(({ type }) => type);
    // The result may come in time for the turn's last step, or begin a turn.
    expect(types.filter((type) => type === "synthetic")).toHaveLength(1);
    expect(result.progress.subagents).toBe(1);
    expect(server.claims.size).toBe(0);
  });

  it("goes on with a session, with the last one, or with a copy, by another agent and model", async () => {
    const { run, server, directory } = await standIn({
      turns: [says("One."), says("Two."), says("Three."), says("Four.")],
    });
    const first = await run({ title: "Mine" });
    const second = await run({ session: first.sessionId ?? "", agent: "plan", model: "scripted/m2" });
    expect(second.sessionId).toBe(first.sessionId);
    expect(server.sessions().get(first.sessionId ?? "")?.info).toMatchObject({
      ...{ title: "Mine", agent: "plan", model: { id: "m2", providerID: "scripted" } },
    });
    expect(second.progress).toMatchObject({ step: 0, tokens: { input: 100 } });
    expect((await run({ continueLast: true, directory })).sessionId).toBe(first.sessionId);
    const forked = await run({ session: first.sessionId ?? "", fork: true });
    expect(forked.sessionId).not.toBe(first.sessionId);
    expect(server.sessions().get(forked.sessionId ?? "")?.info.fork).toMatchObject({ sessionID: first.sessionId });
    await expect(run({ session: "ses_none" })).rejects.toThrow(SessionNotFoundError);
  });

  it("takes an agent that is none, or one for subagents, for no choice", async () => {
    const { run, server } = await standIn({ mcp: ["docs"], agents: ["build", "looptrace"] });
    const result = await run({}, { agent: "looptrace" });
    expect(result.mcpServers).toEqual(["docs"]);
    await run({ agent: "general" });
    const agents = asked(server.requests, "POST", /^\/api\/session$/).map(({ agent }) => agent);
    expect(agents).toEqual(["looptrace", undefined]);
  });

  it("hands over text in the prompt and pictures as data, and no folder", async () => {
    const { run, server, directory } = await standIn();
    const [notes, picture] = [join(directory, "notes.md"), join(directory, "dot.png")];
    writeFileSync(notes, "port 9090");
    writeFileSync(picture, Buffer.from([0x89, 0x50, 0, 1]));
    await run({ message: "Read.", files: [notes, picture] });
    const [prompt] = asked(server.requests, "POST", /\/prompt$/);
    expect(prompt).toMatchObject({
      text: 'Read.\n\n<file name="notes.md">\nport 9090\n</file>',
      files: [{ uri: "data:image/png;base64,iVAAAQ==", name: "dot.png" }],
    });
    await expect(run({ files: [directory] })).rejects.toThrow(/takes neither folders/);
    expect(asked(server.requests, "POST", /^\/api\/session$/)).toHaveLength(1);
  });

  it.each([
    ["a file that is not there", { files: ["none.txt"] }],
    ["a model that it does not have", { model: "scripted/none", refuseUnknownModel: true }],
  ])("makes no session that would stay empty: %s", async (_, request) => {
    const { run, server } = await standIn({ models: ["scripted/m1"] });
    await expect(run(request)).rejects.toThrow();
    expect(server.sessions().size).toBe(0);
  });

  it("asks for a structured answer in the prompt, and again while it does not fit", async () => {
    const schema = { type: "object", properties: { port: { type: "integer" } } };
    const checkAnswer = (value: unknown) => (isFields(value) && value.port === 9090 ? [] : ["port must be 9090"]);
    const turns = [says("It is 9090."), says('Here:\n```json\n{ "port": 8080 }\n```'), says('{ "port": 9090 }')];
    const { run, server } = await standIn({ turns });
    const result = await run({ message: "Which port?", schema, checkAnswer });
    expect(result.structured).toEqual({ value: { port: 9090 }, problems: [] });
    const prompts = asked(server.requests, "POST", /\/prompt$/).map(({ text }) => String(text));
    expect(prompts).toEqual([
      expect.stringMatching(/^Which port\?[\s\S]*"integer"/),
      expect.stringContaining("- the answer is not JSON"),
      expect.stringContaining("- port must be 9090"),
    ]);
    const { run: runVain, server: vain } = await standIn({ turns: [says("Never.")] });
    expect((await runVain({ schema, checkAnswer })).structured).toEqual({
      value: null,
      problems: ["the answer is not JSON"],
    });
    expect(asked(vain.requests, "POST", /\/prompt$/)).toHaveLength(3);
    const { run: runFailing } = await standIn({ turns: [{ steps: [{ error: failing }] }] });
    expect((await runFailing({ schema, checkAnswer })).structured).toBeUndefined();
  });

  it("runs a command, and tells that there is none", async () => {
    const { run, server } = await standIn();
    const result = await run({ command: "init", message: "quickly" });
    expect(result.streamErrors).toEqual([]);
    expect(server.sessions().get(result.sessionId ?? "")?.messages[0]).toMatchObject({ text: "/init quickly" });
    const none = await run({ command: "none", message: "" });
    expect(none.streamErrors).toMatchObject([{ error: { name: "CommandNotFoundError" } }]);
  });

  it("is interrupted at its deadline and on the caller's wish, so that nothing takes it up later", async () => {
    const { run, server, stops } = await standIn({ turns: [hanging] });
    const late = await run({ deadlineMs: patiently(4_000) });
    expect(late.exit).toEqual({ kind: "served", asked: "deadline" });
    const caller = new AbortController();
    const aborted = await run(
      {},
      {
        signal: caller.signal,
        onEvent: () => caller.abort(),
        onProgress: ({ phase }) => phase.kind === "streaming" && caller.abort(),
      },
    );
    expect(aborted.exit).toEqual({ kind: "served", asked: "caller" });
    for (const { sessionId } of [late, aborted])
      expect(outcomeOf(server.sessions().get(sessionId ?? ""))).toBe("interrupted");
    expect(server.claims.size).toBe(0);
    expect(stops()).toBe(0);
  });

  it("interrupts its subagents with it", async () => {
    const input = { agent: "general", description: "look", prompt: "Look." };
    const { run, server } = await standIn({
      turns: [runs([{ name: "subagent", input, child: hanging, background: true }])],
    });
    const caller = new AbortController();
    // However long it takes until the subagent is at work, which it does not end by itself.
    const watched = until(() => server.sessions().size === 2).then(() => caller.abort());
    const result = await run({}, { signal: caller.signal });
    await watched;
    expect(result.exit).toEqual({ kind: "served", asked: "caller" });
    expect(server.claims.size).toBe(0);
  });

  it("is ended with a server that does not interrupt it", async () => {
    const { run, server, stops } = await standIn({ turns: [hanging] });
    server.ignoreInterrupts();
    const caller = new AbortController();
    const onProgress = ({ phase }: Progress) => phase.kind === "streaming" && caller.abort();
    const result = await run({ graceMs: 200 }, { signal: caller.signal, onProgress });
    expect(result.exit).toEqual({ kind: "signalled", signal: "SIGKILL", by: "caller" });
    expect(stops()).toBe(1);
  });

  it("ends with a server that goes away", async () => {
    const { run, server } = await standIn({ turns: [hanging] });
    const result = await run({}, { onProgress: ({ phase }) => phase.kind === "streaming" && void server.close() });
    expect(result.exit).toEqual({ kind: "signalled", signal: "SIGKILL", by: "other" });
  });

  it("goes on where only a connection broke", async () => {
    const slow: TurnTool = { name: "shell", input: { command: "make" }, output: "made", takesMs: 300 };
    const { run, server } = await standIn({ turns: [runs([slow])] });
    server.fail(/\/wait$/, 1, 0);
    expect((await run()).exit).toEqual({ kind: "served" });
  });

  it("ends with what a hook throws, and is interrupted before", async () => {
    const { run, server } = await standIn({ turns: [hanging] });
    const onEvent = (): void => {
      throw new Error("the disk is full");
    };
    await expect(run({}, { onEvent })).rejects.toThrow("the disk is full");
    expect(server.claims.size).toBe(0);
  });
});

const MOST_TURNS = 20;

/** On a busy machine the word that a session is at rest may come too late for it. */
async function untilRead<Session>(run: () => Promise<Session | undefined>): Promise<Session | undefined> {
  for (let turns = 0; turns < MOST_TURNS; turns += 1) {
    const seen = await run();
    if (seen !== undefined) return seen;
  }
  return undefined;
}

function namesOf(events: readonly RunEvent[]): readonly string[] {
  return events.map(({ type }) => type);
}

function asked(requests: readonly AskedRequest[], method: string, path: RegExp): readonly AskedRequest["body"][] {
  return requests.flatMap((one) =>
    one.method === method && path.test(one.path.replace(/\?.*/, "")) ? [one.body] : [],
  );
}

function outcomeOf(
  session: { readonly messages: readonly { readonly type: string; readonly outcome?: unknown }[] } | undefined,
): unknown {
  return session?.messages.findLast(({ type }) => type === "idle")?.outcome;
}

/** A session that a person has made. */
async function made({
  connection,
}: {
  readonly connection: { readonly url: string; readonly password: string };
}): Promise<string> {
  const authorization = `Basic ${Buffer.from(`opencode:${connection.password}`).toString("base64")}`;
  const response = await fetch(`${connection.url}/api/session`, {
    method: "POST",
    body: "{}",
    headers: { authorization },
  });
  return ((await response.json()) as { readonly data: { readonly id: string } }).data.id;
}
