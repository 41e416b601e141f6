import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { looptrace, startLooptrace } from "../support/cli.js";
import { PUBLIC_KEY, SECRET_KEY } from "../support/destinations.js";
import { loadFixture } from "../support/fixtures.js";
import { type Receiver, type ReceiverBehaviour, startReceiver } from "../support/receiver.js";
import { onTestFinished, sideBySide } from "../support/side-by-side.js";

sideBySide();

async function receive(behaviour?: ReceiverBehaviour): Promise<Receiver> {
  const receiver = await startReceiver(behaviour);
  onTestFinished(() => receiver.close());
  return receiver;
}

/** Something that answers, and is no place for traces: what is sent there is kept, without waiting for better times. */
const WRONG: ReceiverBehaviour = {
  always: { kind: "status", status: 404, body: '{"message":"Nothing here"}' },
};

/** A place with one export file, and its environment with a Langfuse at this address. */
async function place(langfuse: string) {
  const folder = await mkdtemp(join(tmpdir(), "push-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "session.json"), loadFixture("multistep@1.18.33").text);
  const bare = { PATH: process.env.PATH, HOME: folder };
  const env = {
    ...bare,
    LANGFUSE_PUBLIC_KEY: PUBLIC_KEY,
    LANGFUSE_SECRET_KEY: SECRET_KEY,
    LANGFUSE_BASE_URL: langfuse,
  };
  const waiting = async (): Promise<readonly { destination: { id: string }; spans: number }[]> =>
    JSON.parse((await looptrace(["push", "--status", "--json"], { env: bare, cwd: folder })).stdout);
  return { cwd: folder, bare, env, waiting };
}

describe.concurrent("looptrace push", () => {
  test("keys that are refused: which ones, where, and that nothing is lost", async () => {
    const receiver = await receive({ keys: { publicKey: PUBLIC_KEY, secretKey: SECRET_KEY } });
    const { cwd, env } = await place(receiver.url);
    const wrong = { ...env, LANGFUSE_SECRET_KEY: "sk-lf-of-another-project" };
    const { code, stderr } = await looptrace(["trace", "session.json"], { env: wrong, cwd });
    expect(code).toBe(3);
    expect(stderr).toContain("401");
    expect(stderr).toContain(
      `Check that LANGFUSE_PUBLIC_KEY (pk-lf-1234…) and LANGFUSE_SECRET_KEY belong together, and to a project of the Langfuse at ${receiver.url}\n`,
    );
    expect(stderr).toContain("is kept in the outbox; `looptrace push` sends it.");
    expect(stderr).not.toContain("sk-lf-of-another-project");

    const again = await looptrace(["push"], { env: wrong, cwd });
    expect([again.code, again.stderr]).toEqual([
      3,
      "What was not delivered is kept in the outbox; push again later.\n",
    ]);
    expect((await looptrace(["push"], { env, cwd })).code).toBe(0);
    expect(receiver.spans().length).toBeGreaterThan(0);
  });

  test("headers that are refused: which variable, and where", async () => {
    const receiver = await receive({ dialect: "otlp", always: { kind: "status", status: 403 } });
    const { cwd, bare } = await place(receiver.url);
    const env = { ...bare, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    const without = await looptrace(["trace", "session.json"], { env, cwd });
    expect(without.stderr).toContain(
      `set OTEL_EXPORTER_OTLP_HEADERS to what ${receiver.url}/v1/traces wants, such as authorization=Bearer%20…`,
    );
    const headers = { OTEL_EXPORTER_OTLP_HEADERS: "x-api-key=hush-hush-hush" };
    const { stdout } = await looptrace(["push"], { env: { ...env, ...headers }, cwd });
    expect(stdout).toContain(`Check what OTEL_EXPORTER_OTLP_HEADERS may do at ${receiver.url}/v1/traces`);
    expect(stdout).not.toContain("hush");
  });

  test("what waits for a destination that is not configured any more: for whom, what would deliver it, how to be rid of it", async () => {
    const { url, port } = await receive(WRONG);
    const { cwd, bare, env, waiting } = await place(url);
    expect((await looptrace(["trace", "session.json"], { env, cwd })).code).toBe(3);
    const around = { env: bare, cwd };
    const [one] = await waiting();
    const id = one?.destination.id ?? "";

    const push = await looptrace(["push"], around);
    expect(push.code).toBe(3);
    expect(push.stdout).toMatch(
      new RegExp(
        `^127\\.0\\.0\\.1:${port} \\(pk-lf-1234…\\) \\[${id}\\] ${url}/api/public/otel/v1/traces\n {2}${one?.spans} spans, \\d+ scores in 2 requests \\(\\d+ kB\\), since 2\\d{3}-`,
      ),
    );
    expect(push.stdout).toContain(
      `push with LANGFUSE_BASE_URL=${url}, the LANGFUSE_PUBLIC_KEY that begins pk-lf-1234 and its LANGFUSE_SECRET_KEY.\n`,
    );
    expect(push.stdout).toContain(`  To throw it away: looptrace push --discard ${id}\n`);

    const unknown = await looptrace(["push", "--discard", "0000"], around);
    expect([unknown.code, unknown.stderr]).toEqual([
      2,
      `looptrace: Nothing waits for "0000"; this is what something waits for:\n  [${id}] 127.0.0.1:${port} (pk-lf-1234…): ${one?.spans} spans, 6 scores\n`,
    ]);

    const receiver = await receive();
    const other = { ...env, LANGFUSE_BASE_URL: receiver.url };
    const beside = await looptrace(["push"], { env: other, cwd });
    expect([beside.code, beside.stdout.includes(`--discard ${id}`)]).toEqual([0, true]);

    const discarded = await looptrace(["push", "--discard", id], around);
    expect(discarded.code).toBe(0);
    expect(discarded.stdout).toMatch(
      new RegExp(
        `\\[${id}\\] .+\n {2}thrown away: ${one?.spans} spans, 6 scores of 1 trace in 2 requests, from 2\\S+.*\n {2}trace [0-9a-f]{32}\n$`,
      ),
    );
    const after = await looptrace(["push", "--status"], around);
    expect(after.stdout).toBe("The outbox is empty: nothing waits.\n");
    expect((await looptrace(["push", "--discard", id], around)).stderr).toBe(
      `looptrace: Nothing waits for "${id}"; the outbox is empty.\n`,
    );
  });

  test("two destinations at one host are told apart; one that is not clear is not thrown away", async () => {
    const { url, port } = await receive(WRONG);
    const { cwd, bare, env, waiting } = await place(url);
    const host = `127.0.0.1:${port}`;
    const team = (name: string) => ({
      ...bare,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/v1/traces?dataset=${name}`,
    });
    const langfuse = (path: string) => ({ ...env, LANGFUSE_BASE_URL: `${url}/${path}` });
    for (const one of [team("blue"), team("green"), langfuse("blue"), langfuse("green")])
      expect((await looptrace(["trace", "session.json"], { env: one, cwd })).code).toBe(3);
    const { stdout } = await looptrace(["push", "--status"], { env: bare, cwd });
    const heads = stdout.split("\n").filter((line) => /^\S/.test(line));
    expect(heads.map((line) => line.replace(/\[.+\] /, "")).sort()).toEqual([
      `${host} ${url}/v1/traces?dataset=blue`,
      `${host} ${url}/v1/traces?dataset=green`,
      `${host}/blue (pk-lf-1234…) ${url}/blue/api/public/otel/v1/traces`,
      `${host}/green (pk-lf-1234…) ${url}/green/api/public/otel/v1/traces`,
    ]);
    expect(stdout.match(/^ {2}It is not configured now, so this stays\. To deliver it/gm)).toHaveLength(4);
    expect(stdout.match(/^ {2}last error, 2\S+.*: \S+ .*answered 404: Nothing here/gm)).toHaveLength(4);

    const vague = await looptrace(["push", "--discard", host], { env: bare, cwd });
    expect(vague.code).toBe(2);
    expect(vague.stderr).toContain(`"${host}" stands for 2 destinations; give one of the ids.\n  [`);
    expect(await waiting()).toHaveLength(4);
    const label = `${host}/blue (pk-lf-1234…)`;
    const json = await looptrace(["push", "--json", "--discard", label], { env: bare, cwd });
    expect(JSON.parse(json.stdout)).toMatchObject({ destination: { label }, requests: 2, inDelivery: 0 });
    expect((await waiting()).map(({ spans }) => spans > 0).sort()).toEqual([false, true, true, true]);
  });

  test("other tags for what is there already: it says so, and --force sends it again", async () => {
    const receiver = await receive();
    const { cwd, env } = await place(receiver.url);
    expect((await looptrace(["trace", "session.json"], { env, cwd })).stderr).not.toContain("--force");
    expect((await looptrace(["trace", "session.json"], { env, cwd })).stderr).not.toContain("--force");
    const sent = receiver.spans().length;
    const again = await looptrace(["trace", "session.json", "--tag", "late"], { env, cwd });
    expect(again.stderr).toContain(
      `${sent} spans delivered earlier keep the settings sent then (name, user, tags, environment, release or metadata differ now); --force sends them again.\n`,
    );
    expect(receiver.spans()).toHaveLength(sent);
    // Where it is set does not matter.
    const named = { ...env, LANGFUSE_USER_ID: "ada" };
    expect((await looptrace(["trace", "session.json"], { env: named, cwd })).stderr).toContain("--force");
    await looptrace(["trace", "session.json", "--tag", "late", "--force"], { env, cwd });
    expect(receiver.spans()).toHaveLength(2 * sent);
    const settled = await looptrace(["trace", "session.json", "--tag", "late"], { env, cwd });
    expect(settled.stderr).not.toContain("--force");
  });

  test("what a server says cannot steer the terminal, and does not fill it", async () => {
    const message = `\u001b]0;owned\u0007\u202Egnitpecca\u202C\u2028 ${"very ".repeat(500)}`;
    const receiver = await receive({
      always: { kind: "status", status: 404, body: JSON.stringify({ message }) },
    });
    const { cwd, env } = await place(receiver.url);
    const { stderr } = await looptrace(["trace", "session.json"], { env, cwd });
    const shown = [
      stderr,
      (await looptrace(["push"], { env, cwd })).stdout,
      (await looptrace(["push", "--status"], { env, cwd })).stdout,
    ];
    expect(shown[2]).toMatch(
      /^ {2}To deliver it: looptrace push\n {2}To throw it away: looptrace push --discard [0-9a-f]{16}$/m,
    );
    for (const text of shown) {
      expect(text).toContain("gnitpecca very very");
      expect(text).not.toMatch(/[\u001b\u0007\u202a-\u202e\u2028]/);
      expect(text.length).toBeLessThan(1200);
    }
  });

  test("a destination that is in trouble: a person sees what is waited for, and the line goes away", async () => {
    const receiver = await receive({
      always: { kind: "status", status: 404 },
    });
    const { cwd, env } = await place(receiver.url);
    await looptrace(["trace", "session.json"], { env, cwd });
    receiver.behave({ always: { kind: "status", status: 503, body: '{"message":"Too busy"}' } });
    const { stderr } = await looptrace(["push", "--timeout", "8s"], { env, cwd, columns: 200 });
    expect(stderr).toMatch(
      /\r\x1b\[2K[\d.]+m?s {2}try \d in \ds, the last within \ds: \S+ \S+ answered 503: Too busy \(127/,
    );
    expect(stderr.slice(stderr.lastIndexOf("\r"))).toBe(
      "\r\x1b[2KWhat was not delivered is kept in the outbox; push again later.\n",
    );
    const quiet = await looptrace(["push", "--timeout", "1500ms", "-q"], { env, cwd, columns: 200 });
    expect([quiet.code, quiet.stderr]).toEqual([
      3,
      "What was not delivered is kept in the outbox; push again later.\n",
    ]);
    // In a log file such a line is of no use.
    expect((await looptrace(["push", "--timeout", "500ms"], { env, cwd })).stderr).not.toContain("try");
  });

  test("a destination that took nothing of one session is not waited for with the next ones", async () => {
    const receiver = await receive({ always: { kind: "status", status: 401 } });
    const { cwd, env } = await place(receiver.url);
    const names = ["plain-answer@1.18.33", "two-turns@1.18.33"];
    for (const name of names) await writeFile(join(cwd, `${name}.json`), loadFixture(name).text);
    const files = ["session.json", ...names.map((name) => `${name}.json`)];
    const { code, stderr } = await looptrace(["trace", ...files], { env, cwd });
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /spans not delivered, \d+ scores not delivered: 127\.0\.0\.1:\d+ \(pk-lf-1234…\) answered 401/,
    );
    // As many as go out at a time, and neither scores nor a second try.
    expect(receiver.requests.length).toBeLessThanOrEqual(4);
    expect(receiver.requests.every(({ path }) => path.endsWith("/otel/v1/traces"))).toBe(true);
    receiver.behave({});
    expect((await looptrace(["push"], { env, cwd })).code).toBe(0);
    expect(new Set(receiver.spans().map(({ traceId }) => traceId)).size).toBe(4);
  });

  test("an outbox that cannot be read is not called empty", async () => {
    const { cwd, bare } = await place("http://127.0.0.1:1");
    const root = join(cwd, ".local", "share", "looptrace");
    await mkdir(root, { recursive: true });
    await writeFile(join(root, "outbox"), "in the way");
    const status = await looptrace(["push", "--status"], { env: bare, cwd });
    expect([status.code, status.stdout]).toEqual([2, ""]);
    expect(status.stderr).toContain(
      `The outbox ${join(root, "outbox")} cannot be read (a part of the path is a file, not a folder).`,
    );
    const push = await looptrace(["push"], { env: bare, cwd });
    expect([push.code, push.stdout]).toEqual([3, ""]);
    expect(push.stderr).toContain("cannot be read");
  });

  test.each([
    { flags: [], says: "looptrace: watching the outbox, every 1.00s; Ctrl-C ends it.\n" },
    { flags: ["-q"], says: "" },
  ])("a watch $flags delivers what comes, says only what is new, and ends with Ctrl-C", async ({ flags, says }) => {
    const receiver = await receive(WRONG);
    const { cwd, env, waiting } = await place(receiver.url);
    const watching = startLooptrace(["push", "--watch", "--every", "1s", ...flags], { env, cwd });
    const said = (): Promise<string> =>
      new Promise((resolve) => {
        watching.child.stdout?.once("data", (text: unknown) => resolve(String(text)));
      });
    const refused = said();
    expect((await looptrace(["trace", "session.json"], { env, cwd })).code).toBe(3);
    expect(await refused).toContain("404");
    const delivered = said();
    receiver.behave({});
    expect(await delivered).toContain("14 spans sent");
    watching.child.kill("SIGINT");
    const { code, stdout, stderr } = await watching.ended;
    expect([code, stderr]).toEqual([0, says]);
    expect(stdout.trim().split("\n")).toHaveLength(2);
    expect(await waiting()).toMatchObject([{ spans: 0 }]);
  });

  test.each([
    [["--status", "--discard", "x"], "--status and --discard"],
    [["--watch", "--status"], "--status and --watch"],
    [["--every", "5s"], "--watch"],
  ])("push %j is refused", async (flags, why) => {
    const { cwd, env } = await place("http://127.0.0.1:1");
    const { code, stderr } = await looptrace(["push", ...flags], { env, cwd });
    expect(code).toBe(2);
    expect(stderr).toContain(why);
  });

  test("what waits already is not queued a second time", async () => {
    const receiver = await receive(WRONG);
    const { cwd, env, waiting } = await place(receiver.url);
    for (let times = 0; times < 3; times += 1) await looptrace(["trace", "session.json"], { env, cwd });
    expect(await waiting()).toMatchObject([{ spans: 14, requests: 2 }]);
    receiver.behave({});
    expect((await looptrace(["push"], { env, cwd })).stdout).toContain("14 spans sent");
  });
});
