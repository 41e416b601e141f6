import { expect, onTestFinished, test } from "vitest";
import { authorization } from "../../src/opencode/server/connection.js";
import { looptrace } from "../support/cli.js";
import { startFollowing } from "../support/following-cli.js";
import { type Opencode2Server, startOpencode2Server } from "../support/opencode2-server.js";
import { says } from "../support/opencode2-turns.js";
import { patiently } from "../support/patience.js";
import { temporaryStore } from "../support/temporary-store.js";

async function place(): Promise<{ readonly server: Opencode2Server; readonly env: Readonly<Record<string, string>> }> {
  const server = await startOpencode2Server({ password: "sesame", turns: [says("Yes.")] });
  onTestFinished(() => server.close());
  const { root } = await temporaryStore();
  return { server, env: { HOME: root, LOOPTRACE_HOME: root, PATH: process.env.PATH ?? "" } };
}

async function asked(server: Opencode2Server): Promise<string> {
  const headers = { ...authorization(server.connection), "content-type": "application/json" };
  const post = (path: string, body: object) =>
    fetch(`${server.connection.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  const { data } = (await (await post("/api/session", {})).json()) as { readonly data: { readonly id: string } };
  await post(`/api/session/${data.id}/prompt`, { text: "Is it?" });
  return data.id;
}

test("follows a server of opencode 2, whose password is in OPENCODE_PASSWORD, until Ctrl-C", async () => {
  const { server, env } = await place();
  const around = { env: { ...env, OPENCODE_PASSWORD: "sesame" }, cwd: "/" };
  const attach = await startFollowing(["attach", server.connection.url, "--json"], around);
  const id = await asked(server);
  await expect.poll(attach.turns, { timeout: patiently(10_000) }).toHaveLength(1);
  expect(JSON.stringify(attach.turns())).toContain(id);
  const { code, stderr } = await attach.end();
  expect([code, stderr]).toEqual([0, expect.stringContaining(`following ${server.connection.url}; Ctrl-C ends it.`)]);
  expect(stderr.match(/following/g)).toHaveLength(1);
});

test.each([
  [{}, "wants a password.\nSet OPENCODE_SERVER_PASSWORD, or OPENCODE_PASSWORD for opencode 2"],
  [{ OPENCODE_PASSWORD: "wrong" }, "does not take this password"],
])("is refused by a server of opencode 2 with the password %j", async (more, said) => {
  const { server, env } = await place();
  const { code, stderr } = await looptrace(["attach", server.connection.url], { env: { ...env, ...more }, cwd: "/" });
  expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
  expect(stderr).not.toContain("wrong");
});
