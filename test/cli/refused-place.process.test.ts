import { existsSync, readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "../../src/opencode/server/connection.js";
import { cliEnvironment, looptrace } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { isolatedOpenCode } from "../support/isolated-opencode.js";
import { pidsOf } from "../support/play-drive.js";
import { answer, madeScenario } from "../support/play-run.js";
import { eventually } from "../support/until.js";

allowColdStarts();

/** A tool server over its standard streams. */
const TOOL_SERVER = `
const send = (id, result) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", id, result }) + "\\n");
const tool = { name: "echo", description: "Says it again", inputSchema: { type: "object", properties: {} } };
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  const serverInfo = { name: "tools", version: "1" };
  if (method === "initialize")
    send(id, { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo });
  else if (method === "tools/list") send(id, { tools: [tool] });
  else if (id !== undefined) send(id, {});
});
`;

test("a refusal before a session leaves the warm server, and ends the tool servers of its directory", async () => {
  const mcp = { tools: { type: "local", command: [process.execPath, "{{workdir}}/tool-server.cjs"] } };
  await using bench = await isolatedOpenCode(madeScenario([answer], { opencode: { mcp } }));
  const { home, workdir } = bench;
  const program = join(workdir, "tool-server.cjs");
  await writeFile(program, TOOL_SERVER);
  const around = { env: { ...cliEnvironment(bench), LOOPTRACE_WARM: "10m" }, cwd: workdir };
  onTestFinished(async () => void (await looptrace(["server", "stop"], around)));
  const servers = join(home, ".local/share/looptrace/servers");
  const ids = (): readonly string[] => readdirSync(servers).filter((name) => /^[0-9a-f]{16}$/.test(name));
  const running = (): number => pidsOf(bench, program).length;

  expect((await looptrace(["run", "Go."], around)).code).toBe(0);
  await eventually(() => expect(running()).toBe(0));
  const [id = ""] = ids();
  const record = join(servers, id, "server.json");
  const { connection } = JSON.parse(readFileSync(record, "utf8"));
  for (const [flag, value, refusal] of [
    ["--session", "ses_nope", 'knows no session "ses_nope"'],
    ["--model", "scripted/nope", "opencode lists no model scripted/nope"],
  ] as const) {
    // This opencode starts them for a prompt, or for who asks how they are; another one may do so before.
    const client = await connect(connection, workdir);
    expect((await client.mcp.status()).data).toEqual({ tools: { status: "connected" } });
    expect(running()).toBe(1);
    const { code, stderr } = await looptrace(["run", flag, value, "Go."], around);
    expect([code, stderr]).toEqual([2, expect.stringContaining(refusal)]);
    await eventually(() => expect(running()).toBe(0));
    expect([ids(), existsSync(record), existsSync(join(servers, "ends"))]).toEqual([[id], true, false]);
  }
});
