import { chmod, chown, cp, lchown, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { ConfigFile } from "../../src/config/config-file.js";
import { looptrace } from "../support/cli.js";
import { PUBLIC_KEY, SECRET_KEY } from "../support/destinations.js";
import { loadFixture } from "../support/fixtures.js";
import { startReceiver } from "../support/receiver.js";

let root: string;
let cwd: string;
let file: string;
let env: Record<string, string>;

/** A clone of another person's repository with a session beside it, and an opencode that leaves a sign when it is started. */
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "trust-")));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  cwd = join(root, "clone");
  file = join(cwd, "looptrace.config.json");
  await mkdir(join(cwd, ".git"), { recursive: true });
  await writeFile(join(root, "session.json"), loadFixture("multistep@1.18.33").text);
  await writeFile(join(cwd, "evil"), `#!/bin/sh\ntouch '${root}/started'\nexit 9\n`);
  await chmod(join(cwd, "evil"), 0o755);
  env = {
    PATH: process.env.PATH ?? "",
    HOME: root,
    LOOPTRACE_HOME: join(root, "store"),
    LOOPTRACE_OPENCODE: join(root, "none"),
  };
});

const KEYS = { LANGFUSE_PUBLIC_KEY: PUBLIC_KEY, LANGFUSE_SECRET_KEY: SECRET_KEY };

async function stranger() {
  const receiver = await startReceiver({ dialect: "otlp" });
  onTestFinished(() => receiver.close());
  return receiver;
}

const config = (settings: ConfigFile, mode = 0o644) =>
  writeFile(file, JSON.stringify(settings)).then(() => chmod(file, mode));
const call = (argv: readonly string[], variables: Record<string, string> = {}, at = cwd) =>
  looptrace(argv, { env: { ...env, ...variables }, cwd: at });
const trace = (variables: Record<string, string> = {}, at = cwd) =>
  call(["trace", "--no-scores", join(root, "session.json")], variables, at);

describe("where traces and keys go", () => {
  test.each<[string, (url: string) => ConfigFile, Record<string, string>]>([
    ["the environment's keys to a host that the file names", (url) => ({ langfuse: { baseUrl: url } }), KEYS],
    [
      "a session with keys of the file's own",
      (baseUrl) => ({ langfuse: { baseUrl, publicKey: "pk-lf-theirs", secretKey: "sk-lf-theirs" } }),
      {},
    ],
    [
      "the environment's headers to an endpoint of the file's",
      (url) => ({ otlp: { tracesEndpoint: `${url}/v1/traces` } }),
      { OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${SECRET_KEY}` },
    ],
  ])("%s: only once it is allowed", async (_, settings, variables) => {
    const receiver = await stranger();
    await config(settings(receiver.url));
    const refused = await trace(variables);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(
      new RegExp(`^looptrace: ${file} would decide where traces go \\(.+\\)\\.\\n.+\`looptrace trust\`.+\\n$`),
    );
    for (const argv of [
      ["push"],
      ["run", "hi"],
      ["watch"],
      ["batch", "tasks.jsonl"],
      ["worker", "--redis", "redis://127.0.0.1:1"],
    ])
      expect((await call(argv, variables)).code).toBe(2);
    expect(receiver.requests).toEqual([]);

    expect(await call(["trust"])).toMatchObject({ code: 0, stdout: expect.stringContaining("is allowed") });
    expect((await trace(variables)).code).toBe(0);
    expect(receiver.spans().length).toBeGreaterThan(0);
  });

  test("keys of the file to the default host are a stranger's too", async () => {
    await config({ langfuse: { publicKey: "pk-lf-theirs", secretKey: "sk-lf-theirs" } });
    expect((await trace()).stderr).toContain("would decide where traces go (langfuse.publicKey, langfuse.secretKey)");
  });

  test("where the environment says it all, the file's word is not asked for", async () => {
    const [mine, theirs] = [await stranger(), await stranger()];
    await config({
      langfuse: { baseUrl: theirs.url },
      otlp: { tracesEndpoint: theirs.url, headers: { a: "b" } },
    });
    const variables = { ...KEYS, LANGFUSE_BASE_URL: mine.url, OTEL_EXPORTER_OTLP_ENDPOINT: mine.url };
    expect(await trace(variables)).toMatchObject({ code: 0 });
    expect([mine.requests.length > 1, theirs.requests]).toEqual([true, []]);
  });

  test("to look at a session it does not matter", async () => {
    await config({ langfuse: { baseUrl: "http://127.0.0.1:1" } });
    expect(await call(["show", join(root, "session.json")], KEYS)).toMatchObject({ code: 0, stderr: "" });
  });
});

test.each<[ConfigFile, string]>([
  [{ opencode: "./evil" }, "which program is started (opencode)"],
  [{ projectConfig: true }, "that opencode obeys the project's opencode.json (projectConfig)"],
  [{ mask: false }, "that secrets are not masked (mask)"],
])("%j is the author's wish, and not yet the user's", async (settings, decides) => {
  await config(settings);
  const { LOOPTRACE_OPENCODE: _, ...without } = env;
  const { code, stderr } = await looptrace(["run", "hi"], { env: without, cwd });
  expect([code, stderr]).toEqual([2, expect.stringContaining(`${file} would decide ${decides}.\n`)]);
  await expect(readFile(join(root, "started"))).rejects.toThrow("ENOENT");
});

test("a program of the file is started by no command that reads sessions either", async () => {
  await config({ opencode: "./evil" });
  const { LOOPTRACE_OPENCODE: _, ...without } = env;
  for (const command of ["show", "tokens", "tools", "check", "report", "trace"]) {
    const { code, stderr } = await looptrace([command, "--last"], { env: without, cwd });
    expect([command, code, stderr]).toEqual([command, 2, expect.stringContaining("which program is started")]);
  }
  await expect(readFile(join(root, "started"))).rejects.toThrow("ENOENT");
});

test("harmless settings need nobody's leave", async () => {
  await config({
    tags: ["x"],
    mask: ["acme"],
    content: false,
    check: { maxSteps: 100 },
    projectConfig: false,
  });
  expect(await call(["check", join(root, "session.json")])).toMatchObject({ code: 0, stderr: "" });
});

describe("a file that others may write to", () => {
  test("is not even parsed, and the message says how to allow it", async () => {
    await writeFile(file, "{ nonsense");
    await chmod(file, 0o666);
    const { code, stderr } = await trace();
    expect(code).toBe(2);
    expect(stderr).toBe(
      `looptrace: ${file} is not used, because others may write to it (mode 0666).\nA stranger may have written it: read it and, if you agree, allow it by \`looptrace trust\` (or by LOOPTRACE_TRUST=${file}).\n`,
    );
  });

  test("counts by name, by its content, and no longer after a change", async () => {
    await config({ tags: ["x"] }, 0o666);
    expect((await trace({ LOOPTRACE_TRUST: cwd })).code).toBe(0);
    expect((await trace()).code).toBe(2);
    const allowed = await call(["trust"]);
    expect(allowed.stdout).toContain("Beware: others may write to it");
    expect((await trace()).code).toBe(0);
    await config({ tags: ["y"] }, 0o666);
    expect((await trace()).stderr).toContain("and has changed since you allowed it");
  });

  test("or in a folder that is theirs", async () => {
    await config({ tags: ["x"] });
    await chmod(cwd, 0o777);
    expect((await trace()).stderr).toContain(`others may write to the folder ${cwd}`);
  });
});

test("one above the project is not read, which is said of one's own", async () => {
  const above = join(root, "looptrace.config.json");
  await writeFile(above, JSON.stringify({ opencode: "./evil", nonsense: 1 }));
  const show = () => call(["show", join(root, "session.json")]);
  const said = `looptrace: ${above} is left out, as it is above the project, which is ${cwd}. Put what is to count into a file in the project, or into the environment.\n`;
  expect(await show()).toMatchObject({ code: 0, stderr: said });
  const { stdout } = await call(["doctor", "--width", "400"]);
  expect(stdout).toContain(`${above} is not read: it is above the project, which is ${cwd}`);
  // What others may have put there is not worth a word to each command.
  await chmod(above, 0o666);
  expect(await show()).toMatchObject({ code: 0, stderr: "" });
  await chmod(above, 0o644);
  await config({ tags: ["x"] });
  expect(await show()).toMatchObject({ code: 0, stderr: "" });
});

describe("looptrace trust", () => {
  test("shows what is allowed, and allows it no longer", async () => {
    await config({ opencode: "./evil" });
    expect((await call(["trust", "--list"])).stdout).toBe("No file is allowed yet.\n");
    const { stdout } = await call(["trust", "--json"], {}, root).then(() =>
      call(["trust", "clone", "--json"], {}, root),
    );
    expect(JSON.parse(stdout)).toEqual({ path: file, decides: ["opencode"], doubt: null });
    expect((await call(["trust", "--list"])).stdout).toBe(`${file}\n`);
    expect((await call(["trust", "--remove"])).stdout).toBe(`${file} is allowed no longer.\n`);
    expect((await call(["trust", "--remove"])).stdout).toBe(`${file} was not allowed.\n`);
    expect((await call(["trust", "--list", "--json"])).stdout).toContain('"files": []');
  });

  test("what was allowed here is not allowed in a copy", async () => {
    await config({ mask: false });
    await call(["trust"]);
    expect((await trace()).code).toBe(0);
    const copy = join(root, "copy");
    await cp(cwd, copy, { recursive: true });
    expect((await trace({}, copy)).code).toBe(2);
  });

  test("a file is the same by whatever link it was named", async () => {
    await config({ mask: false });
    await symlink("clone", join(root, "by-link"));
    for (const named of ["by-link/looptrace.config.json", "by-link"]) {
      expect((await call(["trust", named], {}, root)).stdout).toContain(`${file} is allowed`);
      expect((await trace()).code).toBe(0);
      expect((await call(["trust", "--remove", named], {}, root)).stdout).toContain("is allowed no longer");
      expect((await trace()).code).toBe(2);
    }
    const { stderr } = await call(["trust", "x-looptrace.config.json"]);
    expect(stderr).toContain("x-looptrace.config.json is no looptrace.config.json");
  });

  test("there is nothing to allow, or not what it is for", async () => {
    expect((await call(["trust"])).stderr).toContain(`There is no looptrace.config.json in ${cwd}`);
    expect((await call(["trust", "evil"])).stderr).toContain("evil is no looptrace.config.json");
    expect((await call(["trust", "--list", "--remove"])).code).toBe(2);
    await config({});
    await writeFile(file, "{");
    expect((await call(["trust"])).code).toBe(2);
  });

  test("its own record is not believed when others may have written it", async () => {
    await config({ mask: false });
    await call(["trust"]);
    const record = join(root, "store", "trusted-files.json");
    await chmod(record, 0o666);
    expect(await trace()).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("it is not believed, as others may write to it"),
    });
    expect((await trace({ LOOPTRACE_TRUST: record })).code).toBe(0);
    await chmod(record, 0o600);
    await writeFile(record, "{}");
    expect((await trace()).stderr).toContain("it is damaged");
  });

  test("nothing is said to be allowed where the record would not be believed", async () => {
    await config({ mask: false });
    const open = join(root, "open");
    await mkdir(open);
    await chmod(open, 0o777);
    const inOpen = { LOOPTRACE_HOME: join(open, "store") };
    const { code, stdout, stderr } = await call(["trust"], inOpen);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(`as others may write to the folder ${open} (mode 0777). Where you trust them`);
    const trusting = { ...inOpen, LOOPTRACE_TRUST: join(open, "store") };
    expect((await call(["trust"], trusting)).code).toBe(0);
    expect((await trace(trusting)).code).toBe(0);
  });
});

/** Only root can give files away. */
describe.skipIf(process.getuid?.() !== 0)("what another user has planted", () => {
  const STRANGER = 65_534;

  test("a file with a program and a host in a parent, with a repository or without", async () => {
    const receiver = await stranger();
    const shared = join(root, "shared");
    const work = join(shared, "deep", "work");
    await mkdir(work, { recursive: true });
    await chmod(shared, 0o1777);
    const planted = join(shared, "looptrace.config.json");
    await writeFile(planted, JSON.stringify({ opencode: join(cwd, "evil"), langfuse: { baseUrl: receiver.url } }));
    await chown(planted, STRANGER, STRANGER);
    const { LOOPTRACE_OPENCODE: _, ...without } = env;
    const run = (at: string) => looptrace(["run", "hi"], { env: { ...without, PATH: "/none", ...KEYS }, cwd: at });
    // The search ends here, whatever there is in the folders above.
    const own = join(work, "node_modules", ".bin", "opencode");
    await mkdir(dirname(own), { recursive: true });
    await cp(join(cwd, "evil"), own);
    expect((await run(work)).stderr).toContain(`opencode was found but cannot be started:\n  - ${own}: `);
    await mkdir(join(shared, ".git"));
    await chown(join(shared, ".git"), STRANGER, STRANGER);
    expect((await run(work)).stderr).toContain(
      `looptrace: ${planted} is left out, as the repository ${shared} is not yours: it belongs to uid ${STRANGER}. Where you trust all that is in it, LOOPTRACE_TRUST=${shared} makes it your project.\n`,
    );
    expect(await run(shared)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`${planted} is not used, because it belongs to uid ${STRANGER}.\n`),
    });
    await expect(readFile(join(root, "started"))).rejects.toThrow("ENOENT");
    expect(receiver.requests).toEqual([]);
  });

  test("who became root by sudo is no stranger", async () => {
    await config({ tags: ["x"] });
    await chown(file, STRANGER, STRANGER);
    await chown(cwd, STRANGER, STRANGER);
    expect((await trace()).code).toBe(2);
    expect((await trace({ SUDO_UID: String(STRANGER) })).code).toBe(0);
    expect((await trace({ SUDO_UID: "4711" })).code).toBe(2);
  });

  test("a folder of looptrace's, or one in it", async () => {
    await mkdir(join(root, "store", "outbox"), { recursive: true });
    await chown(join(root, "store", "outbox"), STRANGER, STRANGER);
    for (const argv of [["push"], ["push", "--status"], ["view"], ["show", "--last"], ["run", "hi"]]) {
      expect(await call(argv)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(`own folder ${root}/store/outbox is not used, because it belongs to uid`),
      });
    }
    const { stdout } = await call(["doctor", "--width", "400"]);
    expect(stdout).toMatch(/^FAILED +store +looptrace's own folder .+ is not used/m);
    expect((await call(["push", "--status"], { LOOPTRACE_TRUST: join(root, "store") })).code).toBe(0);
  });

  test("results that say that all is done", async () => {
    await writeFile(join(cwd, "tasks.jsonl"), '"hi"\n');
    const results = join(cwd, "tasks.results.jsonl");
    await symlink(join(root, "elsewhere"), results);
    await lchown(results, STRANGER, STRANGER);
    expect(await call(["batch", "tasks.jsonl"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`${results} is not used for the results, because it belongs to uid ${STRANGER}`),
    });
  });
});
