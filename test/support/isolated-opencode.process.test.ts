import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { afterEach, expect, test, vi } from "vitest";
import { loadScenario } from "../provider/load-scenario.js";
import { type IsolatedOpenCode, isolatedOpenCode, openCodeConfig } from "./isolated-opencode.js";

const benches: IsolatedOpenCode[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const bench of benches.splice(0)) await bench.remove();
});
async function benchFor(...[name, change]: [name: string, change?: object]): Promise<IsolatedOpenCode> {
  const bench = await isolatedOpenCode({ ...(await loadScenario(name)), ...change });
  benches.push(bench);
  return bench;
}

test("the environment names only folders of the bench and lets nothing of the caller's in", async () => {
  vi.stubEnv("LANGFUSE_SECRET_KEY", "mine");
  vi.stubEnv("ANTHROPIC_API_KEY", "mine");
  vi.stubEnv("OPENCODE_CONFIG_CONTENT", "{}");
  const { env, home, tmpdir, configPath } = await benchFor("multistep");
  for (const name of ["LANGFUSE_SECRET_KEY", "ANTHROPIC_API_KEY", "OPENCODE_CONFIG_CONTENT"]) {
    expect(env).not.toHaveProperty(name);
  }
  const data = ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"];
  for (const name of data) expect(env[name]?.startsWith(home + path.sep)).toBe(true);
  expect(env).toMatchObject({ HOME: home, TMPDIR: tmpdir, OPENCODE_CONFIG: configPath });
});

test("the working directory holds the scenario's files and the configuration its provider", async () => {
  const { workdir, configPath, provider } = await benchFor("multistep");
  expect(await readFile(path.join(workdir, "settings.txt"), "utf8")).toContain("port = 8080");
  expect(JSON.parse(await readFile(configPath, "utf8"))).toMatchObject({
    model: "scripted/m1",
    provider: {
      scripted: { options: { baseURL: `${provider.url}/v1` }, models: { m1: { cost: { cache_read: 0.1 } } } },
    },
  });
});

test("the scenario's additions to the configuration know the working directory", async () => {
  const scenario = await loadScenario("plain-answer");
  const mcp = { tiny: { type: "local", command: ["node", "{{workdir}}/server.mjs"] } };
  const config = openCodeConfig(
    { ...scenario, opencode: { mcp } },
    { url: "http://127.0.0.1:1", workdir: "/the/workdir" },
  );
  expect(config.mcp).toEqual({ tiny: { type: "local", command: ["node", "/the/workdir/server.mjs"] } });
});

test("a git repository has the same first commit wherever it is made", async () => {
  const commits = [];
  for (const _ of [1, 2]) {
    const { workdir, env } = await benchFor("multistep", { git: true });
    const options = { cwd: workdir, env: { ...env }, extendEnv: false };
    commits.push((await execa("git", ["rev-parse", "HEAD"], options)).stdout);
  }
  expect(commits[0]).toMatch(/^[0-9a-f]{40}$/);
  expect(commits[1]).toBe(commits[0]);
});

test("remove takes every file away and stops the provider, also when it is called twice", async () => {
  const bench = await benchFor("plain-answer");
  await bench.remove();
  await bench.remove();
  for (const place of [bench.home, bench.workdir, bench.tmpdir, bench.configPath, path.dirname(bench.home)]) {
    expect(existsSync(place)).toBe(false);
  }
  await expect(fetch(bench.provider.url)).rejects.toThrow("fetch failed");
});

test.runIf(process.platform === "linux")("remove ends what a killed opencode left running", async () => {
  const bench = await benchFor("plain-answer");
  const leftover = execa("sleep", ["60"], { env: { ...bench.env }, extendEnv: false, reject: false });
  await new Promise((resolve) => leftover.once("spawn", resolve));
  await bench.remove();
  expect((await leftover).signal).toBe("SIGKILL");
});
