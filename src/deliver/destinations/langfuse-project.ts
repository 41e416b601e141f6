import { z } from "zod";
import { exchange } from "../http/exchange.js";
import { bounded, readBounded, redact } from "../http/response-text.js";
import { type Destination, LANGFUSE_TRACES_PATH } from "./destination.js";

/** The project that a pair of Langfuse's keys belongs to. */
export interface LangfuseProject {
  readonly name: string | undefined;
  /** Where Langfuse shows its traces: add `/` and a trace id. */
  readonly tracesUrl: string;
}

/** What a Langfuse answers when it is asked for the keys' project. */
export type ProjectAnswer =
  | { readonly kind: "named"; readonly project: LangfuseProject }
  | { readonly kind: "refused"; readonly status: 401 | 403 }
  /** It is no Langfuse, is not reached, or does not say. */
  | { readonly kind: "unknown" };

type Asked = Pick<Destination, "kind" | "endpoint" | "headers" | "secrets" | "proxy" | "tls">;

// What else an answer holds, and how Langfuse's later versions change that, is of no matter here.
const projects = z.object({
  data: z.array(z.object({ id: z.string().regex(/^[\w-]+$/), name: z.string().optional() })).min(1),
});

const TIMEOUT_MS = 3_000;

/**
 * Where Langfuse shows the traces of the project that a destination's keys belong to: add `/` and a trace id.
 *
 * @returns undefined when it cannot be known now: it is no Langfuse, or it does not say which project the keys are of.
 *   Never throws; a missing link is no reason to fail
 */
export async function langfuseTracesUrl(destination: Asked): Promise<string | undefined> {
  const answer = await askForProject(destination);
  return answer.kind === "named" ? answer.project.tracesUrl : undefined;
}

/**
 * Asks a Langfuse which project a destination's keys belong to. Never throws.
 *
 * @param timeoutMs for the whole exchange
 */
export async function askForProject(destination: Asked, timeoutMs = TIMEOUT_MS): Promise<ProjectAnswer> {
  const { kind, endpoint, headers, secrets } = destination;
  if (kind !== "langfuse" || !endpoint.includes(LANGFUSE_TRACES_PATH)) return { kind: "unknown" };
  const base = endpoint.slice(0, endpoint.indexOf(LANGFUSE_TRACES_PATH));
  try {
    const response = await exchange(destination, `${base}/api/public/projects`, {
      method: "GET",
      headers: { ...headers },
      signal: AbortSignal.timeout(timeoutMs),
    });
    const { status } = response;
    const text = await readBounded(response);
    if (status === 401 || status === 403) return { kind: "refused", status };
    if (!response.ok) return { kind: "unknown" };
    const [project] = projects.parse(JSON.parse(text)).data;
    if (!project) return { kind: "unknown" };
    const name = project.name === undefined ? undefined : bounded(redact(project.name, secrets));
    return { kind: "named", project: { name, tracesUrl: `${base}/project/${project.id}/traces` } };
  } catch {
    return { kind: "unknown" };
  }
}
