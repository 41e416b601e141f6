import { z } from "zod";
import { type Destination, LANGFUSE_TRACES_PATH } from "./destination.js";
import { readBounded } from "./response-text.js";

const projects = z.object({ data: z.array(z.object({ id: z.string().regex(/^[\w-]+$/) })).min(1) });

const TIMEOUT_MS = 3_000;

/**
 * Where Langfuse shows the traces of the project that a destination's keys belong to: add `/` and a trace id.
 *
 * @returns undefined when it cannot be known now: it is no Langfuse, or it does not say which project the keys are of.
 *   Never throws; a missing link is no reason to fail
 */
export async function langfuseTracesUrl(
  destination: Pick<Destination, "kind" | "endpoint" | "headers">,
): Promise<string | undefined> {
  if (destination.kind !== "langfuse" || !destination.endpoint.includes(LANGFUSE_TRACES_PATH))
    return undefined;
  const base = destination.endpoint.slice(0, destination.endpoint.indexOf(LANGFUSE_TRACES_PATH));
  try {
    const response = await fetch(`${base}/api/public/projects`, {
      headers: { ...destination.headers },
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok) return undefined;
    const [project] = projects.parse(JSON.parse(await readBounded(response))).data;
    return project && `${base}/project/${project.id}/traces`;
  } catch {
    return undefined;
  }
}
