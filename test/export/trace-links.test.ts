import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { DestinationReport } from "../../src/deliver/delivery-report.js";
import type { Destination } from "../../src/deliver/destinations/destination.js";
import { traceLinks, urlsOf } from "../../src/export/trace-links.js";
import { langfuseAt, otlpAt } from "../support/destinations.js";
import { traceOf } from "../support/fixtures.js";

const trace = traceOf("plain-answer@1.18.33");

/** A Langfuse that says which project the keys are of, and how often it was asked. */
async function langfuse(): Promise<{ readonly url: string; readonly asked: () => number }> {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.end('{"data":[{"id":"project-1"}]}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
}

function took(destination: Destination, acknowledged: number): DestinationReport {
  const pending = { spans: 0, requests: 0, unsavedSpans: 0 };
  return {
    destination,
    acknowledged,
    alreadyAcknowledged: 0,
    outdated: { settings: 0, content: 0 },
    pending,
    rejected: 0,
    lastError: undefined,
    problems: [],
  };
}

test("a trace's address, below the trace that it hangs in when there is one", async () => {
  const { url, asked } = await langfuse();
  const [collector, destination] = [otlpAt(url), langfuseAt(url)];
  const reports = [took(collector, 3), took(destination, 3)];
  const linkTo = await traceLinks([collector, destination], {}, reports);
  expect(linkTo(trace)).toBe(`${url}/project/project-1/traces/${trace.traceId}`);
  expect(urlsOf([trace], linkTo)).toEqual({ [trace.traceId]: linkTo(trace) });
  expect(asked()).toBe(1);
  const parent = { traceId: "a".repeat(32), spanId: "b".repeat(16) };
  const below = await traceLinks([destination], { parent }, reports);
  expect(below(trace)).toBe(`${url}/project/project-1/traces/${parent.traceId}`);
});

test("none where nothing arrived, and none from what is no Langfuse", async () => {
  const { url, asked } = await langfuse();
  const [collector, destination] = [otlpAt(url), langfuseAt(url)];
  const linkTo = await traceLinks([collector, destination], {}, [took(collector, 3), took(destination, 0)]);
  expect(urlsOf([trace], linkTo)).toEqual({});
  expect(asked()).toBe(0);
});
