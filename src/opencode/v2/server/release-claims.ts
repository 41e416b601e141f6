import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fieldsOf } from "../../../text/json-fields.js";
import type { RunFolder } from "../../program/run-folder.js";
import { RELEASE_FILE } from "../../program/run-folder-owner.js";
import type { ServerConnection } from "../../server/connection.js";
import { requestData, requestJson } from "./request.js";

/** What is at work of a server that is to end takes this long to notice at most. */
const PATIENCE_MS = 2_000;
/** The same for a process that is being ended, and whose end is held up; the start of a program is part of it. */
const LAST_PATIENCE_MS = 5_000;
/** And where nobody waits: on a busy machine all of it is slow. */
const WATCHDOG_PATIENCE_MS = 10_000;
const LOOK_AGAIN_MS = 50;

/**
 * Has all turns of a server of opencode 2 end as if a person had interrupted them. One that ends in any other way, by
 * the end of its server say, stays claimed: the service that opencode shares among its clients would go on with it when
 * it next starts, and ask the model again.
 *
 * Never fails: of a server that does not answer nothing can be had.
 */
export async function releaseClaims(connection: ServerConnection): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    for (;;) {
      const { data } = await requestData(connection, "/api/session/active", { signal });
      const active = Object.keys(fieldsOf(data));
      if (active.length === 0) return;
      const interrupt = (id: string) =>
        requestJson(connection, `/api/session/${encodeURIComponent(id)}/interrupt`, { method: "POST", signal });
      await Promise.all(active.map(interrupt));
      await sleep(LOOK_AGAIN_MS, undefined, { signal });
    }
  } catch {
    // It is gone, or does not answer.
  }
}

/** The same in a program of its own, which needs nothing but Node: who runs it may be ending, or gone. */
const program = (told: { readonly url: string; readonly authorization: string }): string => `
import { request } from "node:http";
const { url, authorization } = ${JSON.stringify(told)};
setTimeout(() => process.exit(1), ${WATCHDOG_PATIENCE_MS});
const ask = (method, path) =>
  new Promise((resolve, reject) => {
    const sent = request(url + path, { method, agent: false, headers: { authorization } }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (piece) => (text += piece)).on("end", () => resolve(text)).on("error", reject);
    });
    sent.on("error", reject).end();
  });
for (;;) {
  const active = Object.keys(JSON.parse(await ask("GET", "/api/session/active")).data ?? {});
  if (active.length === 0) process.exit(0);
  for (const id of active) await ask("POST", "/api/session/" + encodeURIComponent(id) + "/interrupt");
  await new Promise((later) => setTimeout(later, ${LOOK_AGAIN_MS}));
}
`;

/**
 * Writes what releases the claims of a server into its folder, where the watchdog finds it should this process be
 * killed.
 *
 * @param authorization the header that lets a client in
 * @returns does so at once, and holds this process up meanwhile: for the moment in which it is ending
 */
export async function releaseProgram(
  folder: Omit<RunFolder, "remove">,
  { url }: ServerConnection,
  authorization: string,
): Promise<() => void> {
  // In the file, which only this user can read, and not in the arguments, which everybody can.
  const path = await folder.write("release.mjs", program({ url, authorization }));
  const words = [process.execPath, path].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  await folder.write(RELEASE_FILE, `exec ${words.join(" ")}\n`);
  return () => {
    try {
      execFileSync(process.execPath, [path], { stdio: "ignore", timeout: LAST_PATIENCE_MS, env: {} });
    } catch {
      // It is gone, or does not answer.
    }
  };
}
