import type { Generation } from "../program/generation.js";
import { authorization, type ServerConnection } from "../server/connection.js";

const PATIENCE_MS = 3_000;

/**
 * A program that ends the turns which a killed run has left at work on a server that others use too. It needs nothing
 * but Node: what the run was of may be gone. Its argument is the run's lease.
 */
export function interruptProgram(connection: ServerConnection, generation: Generation): string {
  const told = { url: connection.url, ...authorization(connection), generation };
  return `
import { readFileSync } from "node:fs";
import { request } from "node:http";
const { url, authorization, generation } = ${JSON.stringify(told)};
setTimeout(() => process.exit(1), ${PATIENCE_MS});
for (const line of readFileSync(process.argv[2], "utf8").split("\\n")) {
  const [word, session, ...rest] = line.split(" ");
  if (word !== "session") continue;
  const id = encodeURIComponent(session);
  const directory = encodeURIComponent(rest.join(" "));
  const path = generation === 2 ? "/api/session/" + id + "/interrupt" : "/session/" + id + "/abort?directory=" + directory;
  await new Promise((resolve) => {
    const sent = request(url + path, { method: "POST", agent: false, headers: { authorization } }, (answer) => {
      answer.resume().on("end", resolve).on("error", resolve);
    });
    sent.on("error", resolve).end();
  });
}
process.exit(0);
`;
}
