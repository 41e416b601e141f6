import { expect, onTestFinished, test } from "vitest";
import { OpenCode } from "../../src/agent/open-code.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { isolatedOpenCode, openCodeBinary } from "../support/isolated-opencode.js";
import { answer, madeScenario, usage } from "../support/play-run.js";

allowColdStarts();

test("the password of looptrace's own server, which the agent's commands inherit, is masked", async () => {
  // In a form that no rule knows.
  const command = "echo it is $OPENCODE_SERVER_PASSWORD";
  const call = { id: "call_a", name: "bash", arguments: { command, description: "Prints" } };
  const bench = await isolatedOpenCode(madeScenario([{ delayMs: 20, toolCalls: [call], usage }, answer]));
  onTestFinished(() => bench.remove());
  let password: string | undefined;
  const agent = new OpenCode({
    opencode: openCodeBinary(),
    directory: bench.workdir,
    environment: bench.env,
    store: null,
    driver: "server",
  });
  const { traces } = await agent.run(
    "Go.",
    {},
    {
      onServed: ({ connection }) => {
        password = connection.password;
        return () => Promise.resolve();
      },
    },
  );
  expect(password).toMatch(/^[\w-]{32}$/);
  const text = JSON.stringify(traces);
  expect(text).toMatch(/it is \[masked/);
  expect(text).not.toContain(password);
});
