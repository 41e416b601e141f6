import { access, chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { TraceExporter } from "../../src/export/trace-exporter.js";
import type { maskFor } from "../../src/masking/mask.js";
import { traceRecorded } from "../../src/sessions/loaded-session.js";
import { SessionRecorder } from "../../src/sessions/session-recorder.js";
import { looptrace } from "../support/cli.js";
import { langfuseAt, PUBLIC_KEY, SECRET_KEY } from "../support/destinations.js";
import { loadFixture } from "../support/fixtures.js";
import { startReceiver } from "../support/receiver.js";
import { temporaryStore } from "../support/temporary-store.js";

const { session, text } = loadFixture("multistep@1.18.33");
const { id } = session.info;
/** Stands in the session once. */
const MARK = "a title that stands nowhere else";

/** How often the masker looked for secrets in the session, and not only for a destination's keys. */
const masked = vi.hoisted(() => ({ times: 0 }));

vi.mock("../../src/masking/mask.js", async (original) => {
  const actual = await original<typeof import("../../src/masking/mask.js")>();
  const counting: typeof maskFor = (values, masking, known) => {
    const isSearch = masking === undefined || (masking !== false && masking.knownShapes !== false);
    if (isSearch && JSON.stringify(values).includes(MARK)) masked.times += 1;
    return actual.maskFor(values, masking, known);
  };
  return { ...actual, maskFor: counting };
});

let folder: string;
let env: Record<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "masked-once-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const titled = { ...JSON.parse(text) };
  titled.info.title = MARK;
  await writeFile(join(folder, `${id}.json`), JSON.stringify(titled));
  const opencode = join(folder, "opencode");
  const program = `#!/bin/sh
case "$1" in
  --version) echo 1.18.33 ;;
  db) echo "[]" ;;
  export) cat "${folder}/$2.json" ;;
esac
`;
  await writeFile(opencode, program);
  await chmod(opencode, 0o755);
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  env = {
    PATH: process.env.PATH ?? "",
    HOME: folder,
    LOOPTRACE_HOME: join(folder, "looptrace"),
    LOOPTRACE_OPENCODE: opencode,
    // What is known to the masker before anything is sent, and found in no session.
    LANGFUSE_PUBLIC_KEY: PUBLIC_KEY,
    LANGFUSE_SECRET_KEY: SECRET_KEY,
    LANGFUSE_BASE_URL: receiver.url,
  };
  masked.times = 0;
});

test.each([
  ["a session of opencode's", () => [id]],
  ["an export's file", () => [join(folder, `${id}.json`)]],
  ["a session with attributes of the caller's", () => [id, "--tag", "mine"]],
])("%s is masked once when it is traced and sent", async (_, sources) => {
  const { code, stderr } = await looptrace(["trace", ...sources()], { env, cwd: folder });
  expect([code, stderr]).toEqual([0, expect.stringMatching(/\d+ spans sent/)]);
  expect(masked.times).toBe(1);
});

test("a session that was seen at work is masked once when it is recorded and sent, and a copy of its traces anew", async () => {
  const { tree } = loadFixture("multistep@1.18.33");
  const titled = { ...tree, session: { ...tree.session, info: { ...tree.session.info, title: MARK } } };
  const raw = new Map([[id, JSON.stringify(titled.session)]]);
  const recorder = new SessionRecorder({ paths: await temporaryStore(), masking: { environment: env } });
  const recorded = await recorder.record({ tree: titled, raw, logText: "" }, null);
  const traces = traceRecorded(recorded);
  const options = { paths: await temporaryStore(), masking: { environment: env } };
  const exporter = new TraceExporter({ ...options, destinations: [langfuseAt(env.LANGFUSE_BASE_URL ?? "")] });
  expect(await exporter.export(traces)).toMatchObject([{ acknowledged: 14 }]);
  expect(masked.times).toBe(1);
  await exporter.export(structuredClone(traces), { force: true });
  expect(masked.times).toBe(2);
});

test("a session of the store is masked once when it is shown, and not again where it was kept masked", async () => {
  await looptrace(["trace", id], { env, cwd: folder });
  const mark = join(folder, "looptrace", "sessions", `${id}.masked.json`);
  for (const [times, prepare] of [
    [0, () => access(mark)],
    [1, () => rm(mark)],
  ] as const) {
    await prepare();
    masked.times = 0;
    const { code, stdout } = await looptrace(["show", id], { env, cwd: folder });
    expect([code, stdout]).toEqual([0, expect.stringContaining(MARK)]);
    expect(masked.times).toBe(times);
  }
});
