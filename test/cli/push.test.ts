import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { looptrace } from "../support/cli.js";
import { PUBLIC_KEY, SECRET_KEY } from "../support/destinations.js";
import { loadFixture } from "../support/fixtures.js";
import { startReceiver } from "../support/receiver.js";

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
  return { cwd: folder, bare, env };
}

test("keys that are refused: which ones, where, and that nothing is lost", async () => {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const { cwd, env } = await place(receiver.url);
  const wrong = { ...env, LANGFUSE_SECRET_KEY: "sk-lf-of-another-project" };
  receiver.behave({ keys: { publicKey: PUBLIC_KEY, secretKey: SECRET_KEY } });
  const { code, stderr } = await looptrace(["trace", "session.json"], { env: wrong, cwd });
  expect(code).toBe(3);
  expect(stderr).toContain("401");
  expect(stderr).toContain(
    `Check that LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY belong together, and to a project of the Langfuse at ${receiver.url}`,
  );
  expect(stderr).toContain("`looptrace push` sends it");
  expect(stderr).not.toContain("sk-lf-of-another-project");
});

test("what waits for a destination that is not configured any more can be thrown away, and only that", async () => {
  const { cwd, bare, env } = await place("http://127.0.0.1:9");
  expect((await looptrace(["trace", "session.json"], { env, cwd })).code).toBe(3);
  const around = { env: bare, cwd };
  const [waiting] = JSON.parse((await looptrace(["push", "--status", "--json"], around)).stdout);
  const { id } = waiting.destination;

  const push = await looptrace(["push"], around);
  expect(push.code).toBe(3);
  expect(push.stdout).toContain(`[${id}]: ${waiting.spans} spans in 1 request`);
  expect(push.stdout).toContain(`looptrace push --discard ${id}`);

  const unknown = await looptrace(["push", "--discard", "0000"], around);
  expect([unknown.code, unknown.stderr]).toEqual([
    2,
    'looptrace: Nothing waits for "0000"; `looptrace push --status` shows the ids of those that something waits for.\n',
  ]);
  const discarded = await looptrace(["push", "--discard", id], around);
  expect([discarded.code, discarded.stdout]).toEqual([
    0,
    `127.0.0.1:9 (pk-lf-1234…): ${waiting.spans} spans in 1 request thrown away\n`,
  ]);
  const after = await looptrace(["push", "--status"], around);
  expect(after.stdout).toBe("The outbox is empty.\n");
});

test("other tags for what is there already: it says that they change nothing", async () => {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const { cwd, env } = await place(receiver.url);
  expect((await looptrace(["trace", "session.json"], { env, cwd })).stderr).not.toContain("--force");
  const sent = receiver.spans().length;
  const again = await looptrace(["trace", "session.json", "--tag", "late"], { env, cwd });
  expect(again.stderr).toContain(
    "keeps the tags and other settings it was sent with; --force sends it again",
  );
  expect(receiver.spans()).toHaveLength(sent);
});
