/** What `opencode run --standalone --format=json` of the second generation does, over the stand-in for its server. */
import { readFileSync, writeSync } from "node:fs";
import { followSource } from "../../src/opencode/server/event-stream.js";
import { EVENTS_OF_2 } from "../../src/opencode/v2/server/adapter-of-2.js";
import { requestJson } from "../../src/opencode/v2/server/request.js";
import { servedProgress2 } from "../../src/opencode/v2/server/served-progress.js";
import { fieldsOf } from "../../src/text/json-fields.js";
import type { Opencode2Server } from "./opencode2-server.js";

/** @returns the exit code */
export async function runOnce(
  server: Opencode2Server,
  argv: readonly string[],
  models: readonly string[],
): Promise<number> {
  const { connection } = server;
  const optionOf = (name: string): string | undefined =>
    argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
  const say = (line: object): void => void writeSync(1, `${JSON.stringify(line)}\n`);
  const fail = (message: string, sessionID = ""): number => {
    say({ type: "error", timestamp: Date.now(), sessionID, error: { type: "unknown", message } });
    return 1;
  };
  const ask = async (method: "GET" | "POST", path: string, body?: object) => {
    const { status, json } = await requestJson(connection, path, { method, ...(body ? { body } : {}) });
    return status < 300 ? fieldsOf(fieldsOf(json).data) : undefined;
  };
  const text = readFileSync(0, "utf8");
  if (text.trim() === "") return fail("You must provide a message");
  const [name, variant] = (optionOf("model") ?? models[0] ?? "").split("#");
  if (name === undefined || !models.includes(name)) return fail(`Model unavailable: ${name}`);
  const [providerID = "", ...rest] = name.split("/");
  const model = { providerID, id: rest.join("/"), ...(variant === undefined ? {} : { variant }) };
  const asked = optionOf("session");
  const found = asked === undefined ? undefined : await ask("GET", `/api/session/${asked}`);
  if (asked !== undefined && !found) return fail("Session not found");
  const [agent, title] = [optionOf("agent"), optionOf("title")];
  const location = { directory: process.cwd() };
  const session = found ?? (await ask("POST", "/api/session", { model, agent, title, location }));
  const sessionID = String(session?.id);
  const ending = new AbortController();
  const run = servedProgress2({ sessionId: sessionID, mcpServers: [], promptedAt: Date.now() }, Date.now());
  let code: number | undefined;
  const ended = new Promise<void>((resolve) => {
    const following = followSource(EVENTS_OF_2, connection, {
      signal: ending.signal,
      onConnected: () => void ask("POST", `/api/session/${sessionID}/prompt`, { text }),
      onEvent: (event) => {
        for (const one of run.take(event)) if (one.type !== "error") say(one);
        if (event.type === "permission.asked") {
          const decision = argv.includes("--auto") ? "once" : "reject";
          const path = `/api/session/${event.data.sessionID}/permission/${event.data.id}/reply`;
          void ask("POST", path, { decision });
        }
        if (!event.type.startsWith("session.execution.") || event.type === "session.execution.started") return;
        if ("sessionID" in event.data && event.data.sessionID !== sessionID) return;
        if (event.type === "session.execution.failed")
          say({ type: "error", timestamp: event.at, sessionID, error: event.data.error });
        code ??= event.type === "session.execution.failed" ? 1 : 0;
        ending.abort();
      },
    });
    void following.then(resolve);
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      code = 130;
      void ask("POST", `/api/session/${sessionID}/interrupt`);
    });
  await ended;
  return code ?? 1;
}
