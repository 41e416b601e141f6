import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { ServerConnection } from "../../src/opencode/server/connection.js";
import { freePort } from "../../src/opencode/server/free-port.js";
import { type IsolatedOpenCode, openCodeBinary } from "./isolated-opencode.js";

/** An `opencode serve` as somebody else would have started it. */
export interface RunningServer {
  readonly connection: ServerConnection & { readonly password: string };
  readonly child: ChildProcess;
  /** Asks it to end, ends it when it does not, and waits until it has. @returns after how many ms */
  stop(): Promise<number>;
}

const STOP_GRACE_MS = 3_000;

/** Starts the real opencode's server beside a scripted provider, on a port that is free or on the given one. */
export async function serveOpenCode(bench: IsolatedOpenCode, wantedPort?: number): Promise<RunningServer> {
  const port = wantedPort ?? (await freePort());
  const password = "sesame";
  const child = spawn(openCodeBinary(), ["serve", "--hostname", "127.0.0.1", "--port", String(port)], {
    cwd: bench.workdir,
    env: { ...bench.env, OPENCODE_SERVER_PASSWORD: password },
    stdio: ["ignore", "pipe", "ignore"],
  });
  // A request that comes too early is never answered.
  await new Promise<void>((listening, failed) => {
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.includes("listening on")) listening();
    });
    child.once("exit", () => failed(new Error(`opencode serve ended before it listened: ${said}`)));
  });
  return {
    connection: { url: `http://127.0.0.1:${port}`, password },
    child,
    stop: async () => {
      const from = performance.now();
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, "exit");
        child.kill("SIGTERM");
        // After an event client has gone in the middle of a turn it may take for ever.
        const patience = setTimeout(() => child.kill("SIGKILL"), STOP_GRACE_MS);
        await ended;
        clearTimeout(patience);
      }
      return performance.now() - from;
    },
  };
}
