import { RunRequestError } from "../../errors/run-request-error.js";
import { isTooDeep, TOO_DEEP } from "../../text/json-depth.js";
import { fieldsOf, isFields } from "../../text/json-fields.js";

/** A tool server that opencode reaches over HTTP. */
export interface McpServer {
  /** Becomes the prefix of its tools: `<name>_<tool>`. */
  readonly name: string;
  /** Where it listens, over HTTP. */
  readonly url: string;
  /** Values may use opencode's own `{env:NAME}`, so that a secret need not be written down. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long opencode waits for the server, ms. */
  readonly timeout?: number;
}

export interface ConfigRequest {
  /** The agent that was asked for, if any. */
  readonly agent?: string | undefined;
  readonly systemPrompt?: SystemPrompt | undefined;
  readonly mcp?: readonly McpServer[] | undefined;
}

/** The text itself, or the absolute path of a file that holds it. */
export type SystemPrompt = { readonly text: string } | { readonly file: string };

export interface ComposedConfig {
  /** What goes into OPENCODE_CONFIG_CONTENT; null when there is nothing to say. */
  readonly config: Readonly<Record<string, unknown>> | null;
  /** The agent to run with; undefined leaves the choice to opencode. */
  readonly agent: string | undefined;
}

/** The agent that carries a system prompt when no agent was named. */
const OWN_AGENT = "looptrace";
/** One string of the environment may have 128 KiB on Linux, its name included. */
const ENVIRONMENT_STRING_LIMIT = 128 * 1024;
const INLINE_PROMPT_LIMIT = 32 * 1024;

/**
 * The opencode configuration for what was asked: a system prompt becomes an agent's prompt, each tool server a remote
 * MCP server. Nothing asked, nothing generated.
 *
 * @throws {RunRequestError} for a tool server without a usable name or URL, or with a name that is taken
 */
export function composeConfig(request: ConfigRequest): ComposedConfig {
  const config: Record<string, unknown> = {};
  let agent = request.agent;
  if (request.systemPrompt !== undefined) {
    const prompt = "file" in request.systemPrompt ? `{file:${request.systemPrompt.file}}` : request.systemPrompt.text;
    config.agent = agent === undefined ? { [OWN_AGENT]: { mode: "primary", prompt } } : { [agent]: { prompt } };
    agent ??= OWN_AGENT;
  }
  if (request.mcp !== undefined && request.mcp.length > 0) config.mcp = mcpServers(request.mcp);
  return { config: Object.keys(config).length > 0 ? config : null, agent };
}

/**
 * Whether a system prompt has to be handed over as a file: opencode substitutes `{env:…}` and `{file:…}` in the text of
 * its configuration, but not in a file named there; and a long text does not fit into the environment. (opencode drops
 * white space at both ends of such a file.)
 */
export function promptNeedsFile(prompt: string): boolean {
  return /\{(env|file):/.test(prompt) || Buffer.byteLength(prompt) > INLINE_PROMPT_LIMIT;
}

/**
 * The text for OPENCODE_CONFIG_CONTENT: what is there already, with ours merged over it.
 *
 * @param existing the variable's present value, if it has one
 * @throws {RunRequestError} when that is not a JSON object, or when the whole does not fit into the environment
 */
export function configContent(config: Readonly<Record<string, unknown>>, existing: string | undefined): string {
  const text = JSON.stringify(existing?.trim() ? together(parseExisting(existing), config) : config);
  if (Buffer.byteLength(text) + "OPENCODE_CONFIG_CONTENT=".length + 1 > ENVIRONMENT_STRING_LIMIT) {
    throw new RunRequestError(
      "OPENCODE_CONFIG_CONTENT",
      `the configuration is ${Buffer.byteLength(text)} bytes long, more than fits into one environment variable (${ENVIRONMENT_STRING_LIMIT}). Put what you have there into a file and name it in OPENCODE_CONFIG.`,
    );
  }
  return text;
}

/** Fields that only a configuration of opencode 2 has. */
const FIELDS_OF_2 = ["providers", "agents", "permissions", "plugins", "commands", "snapshots"] as const;

/**
 * Both generations take ours, which is in the words of 1.x. One that is in those of opencode 2 would be taken for one
 * of 1.x by our fields, and lose its own: what is added to it speaks its language.
 */
function together(
  existing: Record<string, unknown>,
  config: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const isOf2 = FIELDS_OF_2.some((field) => field in existing) || "servers" in fieldsOf(existing.mcp);
  return merge(existing, isOf2 ? inWordsOf2(config) : config);
}

function inWordsOf2({ agent, mcp }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const agents = Object.entries(fieldsOf(agent)).map(([name, own]) => {
    const { prompt, ...rest } = fieldsOf(own);
    return [name, { ...rest, system: prompt }] as const;
  });
  const servers = Object.entries(fieldsOf(mcp)).map(([name, own]) => {
    const { enabled: _enabled, timeout, ...rest } = fieldsOf(own);
    return [
      name,
      { ...rest, ...(timeout === undefined ? {} : { timeout: { catalog: timeout, execution: timeout } }) },
    ] as const;
  });
  return {
    ...(agent === undefined ? {} : { agents: Object.fromEntries(agents) }),
    ...(mcp === undefined ? {} : { mcp: { servers: Object.fromEntries(servers) } }),
  };
}

function parseExisting(existing: string): Record<string, unknown> {
  const hint =
    "It has to be a JSON object without comments, so that looptrace can add to it; or put it into a file and name that in OPENCODE_CONFIG.";
  let value: unknown;
  try {
    value = JSON.parse(existing);
  } catch (cause) {
    throw new RunRequestError("OPENCODE_CONFIG_CONTENT", `is set, but is not JSON. ${hint}`, { cause });
  }
  if (isTooDeep(value)) throw new RunRequestError("OPENCODE_CONFIG_CONTENT", `${TOO_DEEP}.`);
  if (isFields(value)) return value;
  throw new RunRequestError("OPENCODE_CONFIG_CONTENT", `is set, but is not a JSON object. ${hint}`);
}

/** Objects are merged key by key; of everything else the second wins. */
function merge(under: Record<string, unknown>, over: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const merged = new Map(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    const below = merged.get(key);
    merged.set(key, isFields(below) && isFields(value) ? merge(below, value) : value);
  }
  return Object.fromEntries(merged);
}

function mcpServers(servers: readonly McpServer[]): Record<string, unknown> {
  const config = new Map<string, unknown>();
  for (const server of servers) {
    if (!/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(server.name)) {
      throw new RunRequestError(
        "mcp",
        `${JSON.stringify(server.name)} is no name for a tool server: it becomes the prefix of its tools, so letters, digits, "-" and "_".`,
      );
    }
    if (config.has(server.name)) {
      throw new RunRequestError("mcp", `two tool servers are called ${server.name}; give each its own name.`);
    }
    if (!/^https?:\/\/[^/]/.test(server.url)) {
      throw new RunRequestError("mcp", `${server.name}: ${JSON.stringify(server.url)} is not an http or https URL.`);
    }
    config.set(server.name, {
      type: "remote",
      url: server.url,
      enabled: true,
      ...(server.headers ? { headers: server.headers } : {}),
      ...(server.timeout === undefined ? {} : { timeout: server.timeout }),
    });
  }
  return Object.fromEntries(config);
}
