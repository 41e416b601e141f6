import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { pushOutbox } from "../../src/deliver/push-outbox.js";
import { outboxStatus } from "../../src/deliver/queue/outbox-status.js";
import { storePathsAt } from "../../src/files/store-paths.js";
import { createRandom, type Random } from "../bench/random.js";
import { langfuseAt } from "../support/destinations.js";
import { otlpRequest } from "../support/otlp-requests.js";
import { type Answer, startReceiver } from "../support/receiver.js";
import type { AttackResult } from "./support/attack.js";

export const name = "delivery";

const SEED = 58;
const ROUNDS = 40;
const SPANS = 200;
const PER_REQUEST = 5;
/** So many scores, and so many spans that show three files between them. */
const BESIDE = 8;
/** The script of the tests for kills: it delivers until it is killed. */
const SCRIPT = fileURLToPath(new URL("../deliver/deliver-and-die.ts", import.meta.url));

const FAULTS: readonly [Answer, ...Answer[]] = [
  { kind: "reset" },
  { kind: "hang" },
  { kind: "status", status: 500, body: "oops" },
  { kind: "status", status: 502, body: "<html>Bad gateway</html>" },
  { kind: "status", status: 503, headers: { "retry-after": "0" } },
  { kind: "status", status: 429, headers: { "retry-after": "0" } },
  { kind: "status", status: 407, body: "who are you?" },
  { kind: "status", status: 200, body: "<html>Log in</html>", headers: { "content-type": "text/html" } },
  { kind: "raw", bytes: "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{" },
  { kind: "raw", bytes: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{}" },
  { kind: "raw", bytes: "nonsense\r\n\r\n" },
];

/** A receiver that fails in many ways, and a sender that is killed meanwhile: after a push every span has arrived. */
export async function run(): Promise<AttackResult> {
  const failures: string[] = [];
  const random = createRandom(SEED);
  let twice = 0;
  for (let round = 0; round < ROUNDS; round += 1) twice += await oneRound(round, random, failures);
  const figures = [
    `${ROUNDS} deliveries of ${SPANS} spans, killed in the midst of faults: every span, score and file arrived after a push, ${twice} of ${ROUNDS * SPANS} twice`,
  ];
  return { figures, failures };
}

/** @returns how many spans came twice */
async function oneRound(round: number, random: Random, failures: string[]): Promise<number> {
  const what = `seed ${SEED}, round ${round}`;
  const folder = await mkdtemp(join(tmpdir(), "attack-delivery-"));
  const paths = storePathsAt(join(folder, "store"));
  const script = Array.from(
    { length: random.whole(0, 30) },
    (): Answer => (random.next() < 0.5 ? { kind: "accept" } : random.pick(FAULTS)),
  );
  const receiver = await startReceiver({ script, delayMs: random.whole(0, 4) });
  try {
    const child = spawn(
      process.execPath,
      [
        "--import",
        createRequire(import.meta.url).resolve("tsx"),
        SCRIPT,
        paths.root,
        receiver.url,
        "1",
        String(SPANS),
        String(PER_REQUEST),
        String(BESIDE),
      ],
      { stdio: "ignore" },
    );
    const ended = once(child, "exit");
    // Once something has arrived all that is to be delivered is on the disk.
    await Promise.race([receiver.arrived(1), ended]);
    await Promise.race([sleep(random.whole(0, 400)), ended]);
    child.kill("SIGKILL");
    await ended;
    const faulty = receiver.requests.length;
    receiver.behave({});
    for (let tries = 0; tries < 5; tries += 1) {
      await pushOutbox([langfuseAt(receiver.url)], { paths });
      if ((await outboxStatus(paths)).every(({ requests }) => requests === 0)) break;
    }
    const arrived = receiver.requests
      // What was answered by a page is nothing that has arrived.
      .filter(
        ({ status }, index) => status === 200 && (index >= faulty || (script[index]?.kind ?? "accept") === "accept"),
      )
      .flatMap(({ spans }) => spans.map(({ spanId }) => spanId));
    const missing = otlpRequest(SPANS).spanIds.filter((id) => !arrived.includes(id));
    if (missing.length > 0) failures.push(`${what}: ${missing.length} spans are missing`);
    const scores = new Set(receiver.scores().map(({ id }) => id));
    if (scores.size < BESIDE) failures.push(`${what}: ${BESIDE - scores.size} scores are missing`);
    const files = [...receiver.media().values()].filter(
      ({ bytes, uploadHttpStatus }) => bytes && uploadHttpStatus === 200,
    );
    const links = files.reduce((sum, file) => sum + file.links.length, 0);
    if (files.length !== 3 || links !== BESIDE) failures.push(`${what}: ${files.length} files in ${links} places`);
    const rest = await outboxStatus(paths);
    if (rest.some(({ requests, rejectedRequests }) => requests + rejectedRequests > 0))
      failures.push(`${what}: something is left: ${JSON.stringify(rest)}`);
    return arrived.length - new Set(arrived).size;
  } finally {
    await receiver.close();
    await rm(folder, { recursive: true, force: true });
  }
}
