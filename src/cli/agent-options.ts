import type { JsonSchema } from "../agent/output-schema.js";
import { readSchema } from "../agent/read-schema.js";
import type { AgentCommand } from "../agent/setting.js";
import { type AnyAgentFlags, plainSettings, type TranslatedName } from "../agent/setting-surfaces.js";
import { ConfigurationError } from "../errors/configuration-error.js";
import { messageOf } from "../errors/thrown.js";
import { readNamedText } from "../files/own-files.js";
import type { McpServer } from "../opencode/program.js";
import { warmthInEnvironment } from "../opencode/server.js";
import type { CommandContext } from "./command-context.js";
import type { Terminal } from "./terminal.js";
import { typedPath } from "./typed-path.js";

/**
 * What the flags of a command and the configuration say of how opencode is to work, as the library takes it.
 *
 * @throws {ConfigurationError} when a file or a directory that they name is not there, or makes no sense
 */
export async function agentOptions(
  command: AgentCommand,
  flags: AnyAgentFlags,
  context: CommandContext,
  terminal: Terminal,
) {
  const translated = {
    opencode: context.openCodePath(flags.opencode),
    permissions: flags.auto ? ("allow" as const) : undefined,
    directory: typedPath("--dir", flags.dir ?? terminal.cwd, "directory", terminal),
    files: flags.file?.map((path) => typedPath("--file", path, "any", terminal)),
    systemPrompt: await systemPromptOf(flags, terminal),
    schema: await schemaOf(flags.schema, terminal),
    mcp: mcpServers(flags.mcp ?? [], flags.mcpHeader ?? []),
  } satisfies Record<TranslatedName, unknown>;
  const { content: wireContent, parent } = context.settings.trace;
  const plain = plainSettings(command, flags, context.file);
  if (plain.propagate === true && parent !== undefined)
    throw new ConfigurationError(
      "--propagate",
      "--propagate does not go with TRACEPARENT: requests carry the id of the turn's own trace, which then has another.\nLeave one of them out.",
    );
  if (plain.propagate === true && plain.wire === false)
    throw new ConfigurationError(
      "--propagate",
      "--propagate does not go with --no-wire: requests carry a traceparent where they are recorded.\nLeave one of them out.",
    );
  if (flags.cold === true && flags.warm !== undefined && flags.warm > 0)
    throw new ConfigurationError(
      "--warm",
      "--warm does not go with --cold: the one says how long opencode stays, the other that none does.\nLeave one of them out.",
    );
  const without = plain.wire === false ? "--no-wire" : wireContent === false ? "--no-content" : undefined;
  if (plain.fullInput === true && without !== undefined) terminal.err(idleFullInput(without));
  const warmMs = flags.cold === true ? 0 : (flags.warm ?? warmthInEnvironment(terminal.env) ?? context.file.warm);
  return { ...plain, ...translated, warmMs, wireContent, prices: context.prices, environment: terminal.env };
}

/** That `--full-input` changes nothing, and because of which flag. */
export function idleFullInput(flag: "--live" | "--no-wire" | "--no-content"): string {
  const why = flag === "--live" ? "what is sent early has what is new only" : "no request's messages are recorded";
  return `looptrace: --full-input does nothing with ${flag}: ${why}\n`;
}

async function schemaOf(typed: string | undefined, terminal: Terminal): Promise<JsonSchema | undefined> {
  if (typed === undefined) return undefined;
  return readSchema(typedPath("--schema", typed, "file", terminal), `--schema ${typed}`);
}

/** No model takes more. */
const MOST_SYSTEM_BYTES = 16 * 1024 * 1024;

export async function systemPromptOf(
  flags: Pick<AnyAgentFlags, "system" | "systemFile">,
  terminal: Terminal,
): Promise<string | undefined> {
  if (flags.systemFile === undefined) return flags.system;
  if (flags.system !== undefined) {
    throw new ConfigurationError(
      "--system",
      "--system and --system-file both give the system prompt.\nLeave one of them out.",
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
    `--system-file ${flags.systemFile} is empty.\nLeave it out to keep the agent's own.`,
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
