import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { resolveDestinations } from "../../src/deliver/destinations/resolve-destinations.js";
import { pushOutbox } from "../../src/deliver/push-outbox.js";
import { cliEnvironment, programCommand } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { at, onlyOne } from "../support/fixtures.js";
import { answer, madeScenario, usage } from "../support/play-run.js";
import type { ReceivedSpan } from "../support/received-spans.js";
import { startReceiver } from "../support/receiver.js";
import { temporaryStore } from "../support/temporary-store.js";
import { warmOpenCode } from "../support/warm-opencode.js";

allowColdStarts();

const call = { id: "call_1", name: "bash", arguments: { command: "echo here", description: "Says here" } };

/** The names of a span and of all that it hangs below. */
function pathOf(span: ReceivedSpan | undefined, spans: readonly ReceivedSpan[]): readonly string[] {
  if (!span) return [];
  return [
    span.name,
    ...pathOf(
      spans.find(({ spanId }) => spanId === span.parentSpanId),
      spans,
    ),
  ];
}

test("a request to a service is one trace down to the agent's tools, in both backends, one of which is down until later", async () => {
  const langfuse = await startReceiver();
  const collector = await startReceiver({ dialect: "otlp", always: { kind: "status", status: 503 } });
  onTestFinished(async () => void (await Promise.all([langfuse.close(), collector.close()])));
  await using bench = await warmOpenCode(madeScenario([{ toolCalls: [call], usage }, answer]));
  const environment = {
    ...cliEnvironment(bench, langfuse),
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  };
  const paths = await temporaryStore();
  const [node, program] = programCommand("test/opentelemetry/run-service.ts");
  const about = JSON.stringify({ environment, directory: bench.workdir, root: paths.root });
  const service = spawn(node, [program, about], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void service.kill("SIGKILL"));
  const [url] = await once(createInterface(service.stdout), "line");
  expect(await (await fetch(url, { method: "POST", body: "Go." })).text()).toBe("Done.");
  service.stdin.end();
  expect(await once(service, "exit")).toEqual([0, null]);

  expect(langfuse.violations).toEqual([]);
  const shown = langfuse.spans();
  expect(new Set(shown.map(({ traceId }) => traceId)).size).toBe(1);
  const tool = onlyOne(shown.filter(({ name }) => name === "tool.bash"));
  expect(pathOf(tool, shown)).toEqual(["tool.bash", "loop.step-0", "opencode.loop", "POST"]);

  // The service is gone; what its collector did not get, another process sends.
  expect(collector.spans()).toEqual([]);
  collector.behave({ dialect: "otlp" });
  const destinations = resolveDestinations({ env: environment }).filter(({ kind }) => kind === "otlp");
  const { reports } = await pushOutbox(destinations, { paths });
  expect(at(reports, 0)).toMatchObject({ acknowledged: shown.length, pending: { spans: 0 } });
  const got = collector.spans();
  const same = onlyOne(got.filter(({ name }) => name === "execute_tool bash"));
  expect(pathOf(same, got)).toEqual(["execute_tool bash", "loop.step-0", "invoke_agent build", "POST"]);
  expect(got.map(({ spanId }) => spanId).toSorted()).toEqual(shown.map(({ spanId }) => spanId).toSorted());
});
