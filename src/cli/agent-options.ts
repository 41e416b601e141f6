import { ConfigurationError } from "../errors/configuration-error.js";
import { readNamedText } from "../files/own-files.js";
import type { Driver } from "../opencode/drive.js";
import type { McpServer } from "../opencode/program.js";
import type { ConfigFile } from "./config-file.js";
import { readSchema } from "./read-schema.js";
import { openCodePath } from "./settings.js";
import type { Terminal } from "./terminal.js";
import { typedPath } from "./typed-path.js";

/** The flags that say how opencode works, of `run` on its prompt and of `batch` on each task. */
export interface AgentFlags {
  readonly opencode?: string;
  readonly driver?: Driver;
  readonly model?: string;
  readonly agent?: string;
  readonly variant?: string;
  readonly dir?: string;
  readonly system?: string;
  readonly systemFile?: string;
  readonly mcp?: readonly string[];
  readonly mcpHeader?: readonly string[];
  readonly schema?: string;
  readonly timeout?: number;
  readonly retries?: number;
  readonly patience?: number;
  readonly fallbackModel?: readonly string[];
  readonly maxSteps?: number;
  readonly maxAttempts?: number;
  readonly haltOnDoomLoop?: boolean;
  readonly doomLoopThreshold?: number;
  readonly auto?: boolean;
  readonly projectConfig?: boolean;
}

/**
 * What the flags and the configuration say of how opencode is to work, as the library takes it.
 *
 * @throws {ConfigurationError} when a file or a directory that they name is not there, or makes no sense
 */
export async function agentOptions(flags: AgentFlags, file: ConfigFile, terminal: Terminal) {
  return {
    opencode: openCodePath(flags.opencode, file, terminal),
    driver: flags.driver ?? file.driver,
    model: flags.model ?? file.model,
    agent: flags.agent ?? file.agent,
    variant: flags.variant ?? file.variant,
    projectConfig: flags.projectConfig ?? file.projectConfig,
    timeoutMs: flags.timeout ?? file.timeout,
    retries: flags.retries ?? file.retries,
    patienceMs: flags.patience ?? file.patience,
    fallbackModels: flags.fallbackModel ?? file.fallbackModels,
    maxSteps: flags.maxSteps ?? file.maxSteps,
    maxAttempts: flags.maxAttempts ?? file.maxAttempts,
    haltOnDoomLoop: flags.doomLoopThreshold ?? flags.haltOnDoomLoop ?? file.haltOnDoomLoop,
    permissions: flags.auto ? ("allow" as const) : undefined,
    directory: typedPath("--dir", flags.dir ?? terminal.cwd, "directory", terminal),
    systemPrompt: await systemPromptOf(flags, terminal),
    schema: flags.schema === undefined ? undefined : await readSchema(flags.schema, terminal),
    mcp: mcpServers(flags.mcp ?? [], flags.mcpHeader ?? []),
    environment: terminal.env,
  };
}

/** No model takes more. */
const MOST_SYSTEM_BYTES = 16 * 1024 * 1024;

export async function systemPromptOf(flags: AgentFlags, terminal: Terminal): Promise<string | undefined> {
  if (flags.systemFile === undefined) return flags.system;
  if (flags.system !== undefined) {
    throw new ConfigurationError(
      "--system",
      "Give the system prompt by --system or by --system-file, not both.",
    );
  }
  const path = typedPath("--system-file", flags.systemFile, "file", terminal);
  const text = await readNamedText(path, MOST_SYSTEM_BYTES).catch((error: unknown) => {
    throw new ConfigurationError(
      "--system-file",
      `--system-file ${flags.systemFile} cannot be read: ${messageOf(error)}`,
    );
  });
  if (text.trim() !== "") return text;
  throw new ConfigurationError(
    "--system-file",
    `--system-file ${flags.systemFile} is empty; leave it out to keep the agent's own.`,
  );
}

/** `--mcp name=url`, with `--mcp-header name=Header:value` for the headers that its server wants. */
function mcpServers(servers: readonly string[], headers: readonly string[]): McpServer[] {
  const byServer = new Map<string, Record<string, string>>();
  for (const text of headers) {
    const match = /^([^=]+)=([^:]+):(.*)$/s.exec(text);
    const [, server, name, value] = match ?? [];
    if (!server || !name || value === undefined) {
      throw new ConfigurationError(
        "--mcp-header",
        "--mcp-header takes server=Header:value, for instance tickets=Authorization:Bearer…",
      );
    }
    byServer.set(server, { ...byServer.get(server), [name.trim()]: value.trim() });
  }
  const found = servers.map((text): McpServer => {
    const at = text.indexOf("=");
    if (at <= 0) throw new ConfigurationError("--mcp", `--mcp takes name=url, not ${JSON.stringify(text)}.`);
    const name = text.slice(0, at);
    const own = byServer.get(name);
    byServer.delete(name);
    return { name, url: text.slice(at + 1), ...(own ? { headers: own } : {}) };
  });
  const [unknown] = byServer.keys();
  if (unknown === undefined) return found;
  throw new ConfigurationError(
    "--mcp-header",
    `--mcp-header names the server ${JSON.stringify(unknown)}, but no --mcp does.`,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
