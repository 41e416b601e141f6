import { isDelivered, OpenCode, type OpenCodeOptions, resolveDestinations, TraceExporter } from "looptrace";

/** Runs opencode on a message, says meanwhile what it is at, and sends the trace to where the environment says. */
export async function runAndSend(message: string, options: OpenCodeOptions = {}): Promise<string | null> {
  const agent = new OpenCode({ timeoutMs: 600_000, retries: 1, ...options });
  const result = await agent.run(message, {
    onProgress: ({ step, phase }) => console.error(`step ${step}: ${phase.kind}`),
    onRetry: ({ error, attempt }) => console.error(`attempt ${attempt} failed: ${error.message}`),
  });
  const destinations = resolveDestinations({ env: options.environment ?? process.env });
  const exporter = new TraceExporter({ destinations, trace: { tags: ["nightly"] } });
  const reports = await exporter.export(result.traces);
  if (!isDelivered(reports)) console.error("Some spans wait in the outbox; a later export sends them.");
  if (result.error) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.text;
}
