import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { IsolatedOpenCode } from "../support/isolated-opencode.js";
import { processesOf } from "./process-times.js";

/** A server that runs until it is let go of. */
export interface HandServer extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Its processes. */
  readonly pids: readonly string[];
  /** What lets a client in. */
  readonly env: Readonly<Record<string, string>>;
}

/** A server that somebody keeps warm by hand, in the directory that it is asked for. */
export async function serveByHand(bench: IsolatedOpenCode, opencode: string): Promise<HandServer> {
  const env = { OPENCODE_SERVER_PASSWORD: "bench", OPENCODE_PASSWORD: "bench" };
  const child = spawn(opencode, ["serve", "--port", "0"], {
    cwd: bench.workdir,
    env: { ...bench.env, ...env, PWD: bench.workdir },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const url = await addressOf(child);
  return {
    url,
    pid: child.pid ?? 0,
    pids: processesOf(bench.home),
    env,
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}

/** @throws when it ends before it says where it listens */
async function addressOf({ stdout }: ChildProcess): Promise<string> {
  if (stdout) {
    const lines = createInterface({ input: stdout });
    for await (const line of lines) {
      const url = /https?:\/\/\S+/.exec(line)?.[0];
      if (url === undefined) continue;
      stdout.resume();
      return url;
    }
  }
  throw new Error("opencode serve has not said where it listens");
}
