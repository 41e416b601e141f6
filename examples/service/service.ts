/**
 * A service that is traced, and asks opencode in a request: one trace from the HTTP request to the agent's tools, in
 * Langfuse and in an OTLP backend. Both get their spans by looptrace's outbox, so that neither a backend that is down
 * nor the end of the service loses any.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { LangfuseSpanProcessor } from "@langfuse/otel";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { NodeSDK, tracing } from "@opentelemetry/sdk-node";
import {
  type Destination,
  OpenCode,
  type OpenCodeOptions,
  resolveDestinations,
  type StorePaths,
  TraceExporter,
} from "looptrace";
import { OutboxSpanExporter } from "looptrace/otel";

/** A running service. */
export interface Service {
  /** Post a prompt to it. */
  readonly url: string;
  /** Ends the service, and sends what its span processors still hold. */
  stop(): Promise<void>;
}

/**
 * Starts the service.
 *
 * @param agent how opencode works
 * @param env where traces go: Langfuse's and OpenTelemetry's variables
 */
export async function startService(
  agent: OpenCodeOptions,
  { env = process.env, paths }: { readonly env?: typeof process.env; readonly paths?: StorePaths } = {},
): Promise<Service> {
  const destinations = resolveDestinations({ env });
  const sdk = new NodeSDK({
    serviceName: "ticket-service",
    instrumentations: [new HttpInstrumentation({ ignoreOutgoingRequestHook: () => true })],
    spanProcessors: destinations.map((destination) => processorFor(destination, paths)),
  });
  sdk.start();
  // Instrumentations see modules that are asked for by require; what is imported is the same module.
  process.getBuiltinModule("node:module").createRequire(import.meta.url)("node:http");
  const exporter = new TraceExporter({ destinations, paths, trace: { serviceName: "opencode" } });
  const server = createServer(async (request, response) => {
    const prompt = await text(request);
    // The request's span is active here, so that the agent's trace hangs below it.
    const result = await new OpenCode(agent).run(prompt);
    await exporter.export(result.traces, { budgetMs: 2_000 });
    response.end(result.text ?? "");
  });
  return {
    url: await listening(server),
    stop: async () => {
      await new Promise((resolve) => server.close(resolve));
      await sdk.shutdown();
    },
  };
}

function processorFor(destination: Destination, paths: StorePaths | undefined): tracing.SpanProcessor {
  const exporter = new OutboxSpanExporter({ destinations: [destination], paths });
  if (destination.kind === "langfuse") return new LangfuseSpanProcessor({ exporter, shouldExportSpan: () => true });
  return new tracing.BatchSpanProcessor(exporter);
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
