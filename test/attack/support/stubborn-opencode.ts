import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A program in opencode's place that begins at once, leaves commands behind and does not end when it is asked to. */
export interface StubbornOpenCode {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** looptrace's temporary folder. */
  readonly temporary: string;
  remove(): Promise<void>;
}

/** Its command has a session of its own, as opencode's bash tool's have. */
const PROGRAM = `
const { spawn } = require("node:child_process");
const { randomBytes } = require("node:crypto");
const fs = require("node:fs");
const [command, argument] = process.argv.slice(2);
const id = (kind) => kind + "_" + randomBytes(13).toString("hex");
if (command === "--version") { console.log("1.18.33"); process.exit(0); }
if (command === "export") { process.stdout.write(fs.readFileSync(__dirname + "/" + argument + ".json")); process.exit(0); }
if (command === "session") {
  const found = fs.readdirSync(__dirname).filter((name) => /^ses_.*json$/.test(name)).map((name) => JSON.parse(fs.readFileSync(__dirname + "/" + name)).info);
  found.sort((a, b) => b.time.updated - a.time.updated);
  console.log(JSON.stringify(found.slice(0, 1).map(({ id, title, directory, time }) => ({ id, title, directory, created: time.created, updated: time.updated }))));
  process.exit(0);
}
if (command !== "run") process.exit(1);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => undefined);
fs.readFileSync(0);
const sessionID = id("ses");
const created = Date.now();
const [user, assistant] = [id("msg"), id("msg")];
const session = (step) => ({
  info: { id: sessionID, slug: "a", projectID: "global", directory: process.cwd(), title: "t", version: "1.18.33", time: { created, updated: Date.now() } },
  messages: [
    { info: { id: user, sessionID, role: "user", time: { created }, agent: "build", model: { providerID: "p", modelID: "m" } }, parts: [{ id: "prt_" + user, sessionID, messageID: user, type: "text", text: "Go." }] },
    { info: { id: assistant, sessionID, role: "assistant", parentID: user, mode: "build", agent: "build", providerID: "p", modelID: "m", path: { cwd: "/", root: "/" }, cost: 0, tokens: { input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } }, time: { created } },
      parts: [{ id: "prt_0" + assistant, sessionID, messageID: assistant, type: "step-start" }, { id: "prt_1" + assistant, sessionID, messageID: assistant, type: "tool", callID: "c", tool: "bash", state: { status: "running", input: { command: "sleep" }, time: { start: created } } }] },
  ],
});
fs.writeFileSync(__dirname + "/" + sessionID + ".json", JSON.stringify(session()));
console.log(JSON.stringify({ type: "step_start", timestamp: Date.now(), sessionID, part: { id: "prt_0", sessionID, messageID: assistant, type: "step-start" } }));
spawn("/bin/sh", ["-c", "trap '' TERM INT HUP; while :; do sleep 0.2; done"], { detached: true, stdio: "ignore" }).unref();
setInterval(() => undefined, 1_000);
`;

export async function stubbornOpenCode(): Promise<StubbornOpenCode> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "stubborn-opencode-")));
  const [path, cwd, temporary] = [join(folder, "opencode"), join(folder, "work"), join(folder, "tmp")];
  await mkdir(cwd);
  await mkdir(temporary);
  await writeFile(path, `#!${process.execPath}\n${PROGRAM}`);
  await chmod(path, 0o755);
  const env = {
    PATH: process.env.PATH ?? "",
    HOME: folder,
    TMPDIR: temporary,
    LOOPTRACE_HOME: join(folder, "looptrace"),
    LOOPTRACE_OPENCODE: path,
  };
  return {
    env,
    cwd,
    temporary,
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }),
  };
}
