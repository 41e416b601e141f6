import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { cliEnvironment, looptrace, violationsOf } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { SECRET_KEY } from "../support/destinations.js";
import { type IsolatedOpenCode, isolatedOpenCode } from "../support/isolated-opencode.js";
import { answer, type Json, madeScenario, usage } from "../support/play-run.js";
import { startReceiver } from "../support/receiver.js";
import { warmOpenCode } from "../support/warm-opencode.js";
import { arrived } from "./arrived.js";

allowColdStarts();

/** Put together here, so that nothing in this file has the shape of a token. */
const GITHUB_TOKEN = ["ghp", "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"].join("_");
const DEPLOY_TOKEN = "planted-in-the-environment";
const TICKET = "ACME-4711";
const PLANTED = [GITHUB_TOKEN, DEPLOY_TOKEN, TICKET, SECRET_KEY];

/**
 * @param command what the agent's first tool runs
 * @param more replies before the answer
 */
const leaking = (command: string, ...more: readonly Json[]) =>
  madeScenario(
    [
      {
        delayMs: 20,
        reasoning: `The user gave me ${GITHUB_TOKEN}.`,
        text: `I print the environment for ${TICKET}.`,
        toolCalls: [
          {
            id: "call_leak",
            name: "bash",
            arguments: {
              command: `${command}; echo '{"t":"${GITHUB_TOKEN}"}'; exit 3`,
              description: `Prints ${TICKET}`,
            },
          },
        ],
        usage,
      },
      ...more,
      { ...answer, text: `It is ${DEPLOY_TOKEN}, for ${TICKET}.` },
    ],
    { prompts: [`Use ${GITHUB_TOKEN} for ${TICKET}.`] },
  );

/** All that lies below a folder, as one text. */
async function textBelow(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true });
  const texts = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return `${name}\n${(await stat(path)).isFile() ? await readFile(path, "latin1") : ""}`;
    }),
  );
  return texts.join("\n");
}

/**
 * The tools print what a server of looptrace's own has in its environment; its password in a form that no rule knows.
 */
async function playLeaking(...flags: readonly string[]) {
  const command = "printenv OPENCODE_SERVER_PASSWORD | tee password | sed 's/^/it is /'";
  const call = { id: "call_password", name: "bash", arguments: { command, description: "Prints" } };
  const password = { delayMs: 20, toolCalls: [call], usage };
  const printing = leaking("printenv DEPLOY_TOKEN LANGFUSE_SECRET_KEY", password);
  return play(await isolatedOpenCode(printing), ...flags);
}

/** The tool prints the same, which stands in the command. */
async function playSaying(...flags: readonly string[]) {
  const saying = leaking(`echo ${DEPLOY_TOKEN}; echo ${SECRET_KEY}`);
  return play(await warmOpenCode(saying), ...flags);
}

async function play(bench: IsolatedOpenCode, ...flags: readonly string[]) {
  const receiver = await startReceiver();
  onTestFinished(async () => {
    await bench.remove();
    await receiver.close();
  });
  const env = { ...cliEnvironment(bench, receiver), DEPLOY_TOKEN };
  const argv = ["run", "--json", "--log-dir", join(bench.home, "transcripts"), "--tag", TICKET];
  const played = await looptrace([...argv, ...flags, `Use ${GITHUB_TOKEN} for ${TICKET}.`], {
    env,
    cwd: bench.workdir,
  });
  const wire = receiver.requests.map(({ body }) => body).join("\n");
  return { ...played, document: JSON.parse(played.stdout), receiver, wire, bench, env };
}

describe("secrets that a session holds", () => {
  test("reach neither the wire nor the disk, the answer stays as it is", async () => {
    const { code, document, stderr, wire, bench, env, receiver } = await playLeaking("--mask", "/acme-\\d+/i");
    expect(stderr).not.toContain("could not");
    expect(code).toBe(0);
    expect(document.text).toBe(`It is ${DEPLOY_TOKEN}, for ${TICKET}.`);

    // Of looptrace's own server: the agent's commands inherit it.
    const password = (await readFile(join(bench.workdir, "password"), "utf8")).trim();
    expect(password).toMatch(/^[\w-]{32}$/);
    const kept = await textBelow(join(bench.home, ".local", "share", "looptrace"));
    const transcript = await textBelow(join(bench.home, "transcripts"));
    const traces = JSON.stringify(document.traces);
    for (const [place, text] of Object.entries({ wire, kept, transcript, traces })) {
      for (const secret of [...PLANTED, password])
        expect({ place, leaks: text.includes(secret) ? secret : "" }).toEqual({ place, leaks: "" });
      expect({ place, says: /it is \[masked/.test(text) }).toEqual({ place, says: true });
      for (const marker of ["GITHUB_TOKEN", "DEPLOY_TOKEN", "LANGFUSE_SECRET_KEY", "pattern"])
        expect({ place, holds: text.includes(`[masked: ${marker}]`) }).toEqual({ place, holds: true });
    }
    const root = arrived(receiver).find(({ name }) => name === "opencode.loop");
    expect(Number(root?.span.attributes["langfuse.observation.metadata.masked"])).toBeGreaterThan(6);
    expect(violationsOf(receiver)).toEqual([]);

    // What was sent once looks the same when it is read again, from what was kept and from opencode.
    const again = async (command: string) => {
      const argv = [command, "--json", "--mask", "/acme-\\d+/i", document.sessionId];
      return JSON.parse((await looptrace(argv, { env, cwd: bench.workdir })).stdout);
    };
    const { steps } = document.traces[0].loop;
    const shown = await again("show");
    expect(shown[0].loop.steps).toEqual(steps);
    // The password, worth nothing since the server has ended, was known to the run alone.
    const withoutPassword = ([first, second, third]: typeof steps) => [first, second.call, third.call.output];
    const { traces: read } = await again("trace");
    expect(withoutPassword(read[0].loop.steps)).toEqual(withoutPassword(steps));
  });

  test("are left alone where somebody wants it so, the destination's own key excepted", async () => {
    const { wire } = await playSaying("--no-mask");
    for (const secret of PLANTED) expect(wire.includes(secret)).toBe(secret !== SECRET_KEY);
  });
});

test("why looptrace ended a run quotes the model, and what passes by may be logged: no secret in either", async () => {
  const circling = Array.from({ length: 9 }, (_, index) => ({
    delayMs: 20,
    toolCalls: [
      {
        id: `call_${index}`,
        name: "bash",
        arguments: { command: `false ${DEPLOY_TOKEN}`, description: "Fails" },
      },
    ],
    usage,
  }));
  const { document, stderr, bench, wire } = await play(
    await warmOpenCode(madeScenario([...circling, answer])),
    "--halt-on-doom-loop",
  );
  expect(document.error).toMatchObject({ code: "doom_loop" });
  expect(document.error.arguments).toContain("[masked: DEPLOY_TOKEN]");
  const kept = await textBelow(join(bench.home, ".local", "share", "looptrace"));
  for (const [place, text] of Object.entries({ kept, wire, stderr, document: JSON.stringify(document) }))
    expect({ place, leaks: text.includes(DEPLOY_TOKEN) }).toEqual({ place, leaks: false });
});

test("without content nothing that was said, read or called is sent, and the figures are", async () => {
  const { code, document, wire, receiver } = await playSaying("--no-content", "--no-mask");
  expect(code).toBe(0);
  for (const text of [GITHUB_TOKEN, DEPLOY_TOKEN, "echo", "I print", "Prints", "user gave me"])
    expect({ text, sent: wire.includes(text) }).toEqual({ text, sent: false });
  const spans = arrived(receiver);
  // The title is asked for beside the first step.
  expect(spans.map(({ name }) => name).filter((name) => name !== "other-call")).toEqual([
    "opencode.loop",
    "loop.step-0",
    "llm-call-0",
    "tool.bash",
    "loop.step-1",
    "llm-call-1",
  ]);
  const [loop] = spans;
  expect(loop?.span.attributes["langfuse.observation.metadata.totals"]).toContain('"calls":2');
  expect(document.traces[0].loop.steps[0].tools[0].output).toContain(DEPLOY_TOKEN);
  expect(violationsOf(receiver)).toEqual([]);
});
