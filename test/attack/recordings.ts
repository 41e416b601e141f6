import { createHash } from "node:crypto";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadFixture } from "../support/fixtures.js";
import type { AttackResult } from "./support/attack.js";
import { endWithin, rawFailure, startBuilt } from "./support/start-built.js";

export const name = "recordings";

const MOST_MEGABYTES = 900;
const LIMIT_MS = 45_000;
const MEGABYTE = 1_000_000;

const { session, text } = loadFixture("multistep@1.18.33");
const { id } = session.info;
const at = session.messages[0]?.info.time.created ?? 0;

interface Sent {
  readonly n: number;
  readonly base: number | null;
  readonly prefix?: number;
  readonly suffix?: number;
  readonly middle: string;
  readonly url?: string;
  readonly hash?: string;
}

function request({
  n,
  base,
  prefix = 0,
  suffix = 0,
  middle,
  url = "https://a.example/v1/chat/completions",
  hash,
}: Sent): string {
  return JSON.stringify({
    ...{ t: "request", n, at: at + n, session: id, parent: null, message: null, method: "POST", url, headers: {} },
    ...{ hash: hash ?? "", bytes: middle.length, base, prefix, suffix, middle },
  });
}

/** A long text, and many that differ from it, or from each other, by little. */
function grown(first: string, many: number, put: (n: number) => string, isStar = false): readonly string[] {
  const texts = [first];
  const lines = [request({ n: 0, base: null, middle: first, hash: sha256(first) })];
  for (let n = 1; n <= many; n += 1) {
    const before = texts[isStar ? 0 : n - 1] ?? "";
    const middle = put(n);
    const prefix = Math.floor((before.length * (n % 7)) / 7);
    const body = before.slice(0, prefix) + middle + before.slice(prefix);
    texts.push(body);
    if (!isStar) texts[n - 1] = "";
    const base = isStar ? 0 : n - 1;
    lines.push(request({ n, base, prefix, suffix: before.length - prefix, middle, hash: sha256(body) }));
  }
  return lines;
}

/** Recordings that are made to take long, or to take all memory. */
const HOSTILE: Readonly<Record<string, () => readonly string[]>> = {
  "bodies that are no JSON": () =>
    grown("password is secret of the token key ".repeat(30_000), 60, (n) => `\nkey ${n} = ${"x9".repeat(20)}\n`),
  "bodies that differ all from one": () =>
    grown("words of a prompt, and more ".repeat(38_000), 200, (n) => `{${n}`, true),
  "one long field that changes": () =>
    grown(`{"prompt":"${"words of a prompt, and more ".repeat(38_000)}"}`, 200, (n) => `w${n}`),
  "an open bracket too many": () => grown(`{"messages":[${"[".repeat(MEGABYTE)}`, 30, (n) => `${n}`),
  "deep JSON": () => grown(`{"messages":${"[".repeat(MEGABYTE / 2)}${"]".repeat(MEGABYTE / 2)}}`, 30, () => "[]"),
  "a circle of bases": () => [
    request({ n: 0, base: 1, prefix: 5, middle: "a" }),
    request({ n: 1, base: 0, prefix: 5, middle: "a" }),
    request({ n: 2, base: 2, prefix: 5, middle: "a" }),
  ],
  "wrong hashes": () => [
    request({ n: 0, base: null, middle: "x".repeat(30 * MEGABYTE) }),
    ...Array.from({ length: 500 }, (_, n) => request({ n: n + 1, base: n, prefix: 30 * MEGABYTE, middle: "" })),
  ],
  "a body that asks for all memory": () => {
    const first = "x".repeat(MEGABYTE);
    let body = first;
    const lines = [request({ n: 0, base: null, middle: first, hash: sha256(first) })];
    for (let n = 1; n < 12; n += 1) {
      const { length } = body;
      body += body;
      lines.push(
        request({
          n,
          base: n - 1,
          prefix: length,
          suffix: length,
          middle: "",
          hash: length < 40 * MEGABYTE ? sha256(body) : "",
        }),
      );
      if (length > 40 * MEGABYTE) break;
    }
    return lines;
  },
  "fifty thousand requests": () =>
    Array.from({ length: 50_000 }, (_, n) => request({ n, base: null, middle: `key${n}`, hash: sha256(`key${n}`) })),
  "long lines and addresses": () => [
    "x".repeat(20 * MEGABYTE),
    `{"t":"${"a".repeat(5 * MEGABYTE)}"}`,
    request({ n: 0, base: null, middle: "{}", hash: sha256("{}"), url: `https://a.example/${"?&".repeat(MEGABYTE)}` }),
  ],
  "answers of brackets": () => [
    request({ n: 0, base: null, middle: "{}", hash: sha256("{}") }),
    JSON.stringify({ t: "response", n: 0, at, status: 200, headers: {} }),
    ...["{".repeat(MEGABYTE), `${"{[".repeat(MEGABYTE / 2)}}`, '{"a":'.repeat(MEGABYTE / 5)].map((said) =>
      JSON.stringify({ t: "part", n: 0, at, chunks: [[0, said.length, said.length]], text: said }),
    ),
  ],
};

const COMMANDS = [["show"], ["trace"], ["context"], ["wire"]] as const;

/** Recordings that are no work of a tap: what reads them ends soon, and takes no more memory than a long session does. */
export async function run(): Promise<AttackResult> {
  const failures: string[] = [];
  const home = await mkdtemp(join(tmpdir(), "attack-recordings-"));
  const figures: string[] = [];
  try {
    const around = { env: { PATH: process.env.PATH, HOME: home, LOOPTRACE_HOME: join(home, "lt") }, cwd: home };
    await writeFile(join(home, "e.json"), text);
    for (const [what, lines] of Object.entries(HOSTILE)) {
      await writeFile(join(home, "e.wire.jsonl"), `{"t":"tap","v":1,"id":"1-a"}\n${lines().join("\n")}\n`);
      const { size } = await stat(join(home, "e.wire.jsonl"));
      let [peak, longest] = [0, 0];
      for (const [command] of COMMANDS) {
        const began = performance.now();
        const started = startBuilt([command, "e.json"], around);
        const watch = setInterval(() => {
          peak = Math.max(peak, started.peakMegabytes() ?? 0);
        }, 100);
        const raw = rawFailure(await endWithin(started, LIMIT_MS));
        clearInterval(watch);
        longest = Math.max(longest, performance.now() - began);
        if (raw !== undefined) failures.push(`${what}, ${command}: ${raw}`);
      }
      if (peak > MOST_MEGABYTES) failures.push(`${what}: it took ${peak} MB`);
      figures.push(`${what} (${(size / 1e6).toFixed(1)} MB): ${(longest / 1000).toFixed(1)} s and ${peak} MB at most`);
    }
    return { figures, failures };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

function sha256(body: string): string {
  return createHash("sha256").update(body).digest("hex");
}
