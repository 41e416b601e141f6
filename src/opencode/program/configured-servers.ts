import { lstat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { openRegularFile } from "../../files/own-files.js";
import { isFields } from "../../text/json-fields.js";

export interface ConfiguredServersOptions {
  /** Where opencode works, or worked. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether opencode reads the project's own configuration; as the environment has it when not given. */
  readonly projectConfig?: boolean | undefined;
}

const FILES = ["opencode.json", "opencode.jsonc"] as const;
/** A configuration is a few kB; anything much longer is none. */
const LONGEST_BYTES = 1024 * 1024;
/** No project lies deeper. */
const DEEPEST = 64;

/**
 * The names of the MCP servers that opencode is configured with in a directory, as far as files and environment tell:
 * the user's own configuration, that of the project and those that the environment names. A server that is off is none
 * of them. Only names are read, and what cannot be read is left out.
 */
export async function configuredServers(options: ConfiguredServersOptions): Promise<readonly string[]> {
  const { environment } = options;
  const isOn = new Map<string, boolean>();
  // As opencode merges them, of what two say of a server the later counts.
  for (const path of await configFiles(options)) await addServers(isOn, await textOf(path));
  await addServers(isOn, environment.OPENCODE_CONFIG_CONTENT ?? "");
  return [...isOn].flatMap(([name, on]) => (on ? [name] : []));
}

/** opencode's own order: what is more special comes later. */
async function configFiles({
  directory,
  environment,
  projectConfig = !environment.OPENCODE_DISABLE_PROJECT_CONFIG,
}: ConfiguredServersOptions): Promise<readonly string[]> {
  const { OPENCODE_CONFIG: named, OPENCODE_CONFIG_DIR: folder } = environment;
  const home = environment.HOME || homedir();
  const own = join(environment.XDG_CONFIG_HOME || join(home, ".config"), "opencode");
  const folders = isAbsolute(directory) && projectConfig ? await foldersAbove(directory) : [];
  return [
    ...["config.json", ...FILES].map((name) => join(own, name)),
    ...(named ? [resolve(directory, named)] : []),
    ...folders.flatMap((one) => FILES.map((name) => join(one, name))),
    ...[home, ...folders].flatMap((one) => FILES.map((name) => join(one, ".opencode", name))),
    ...(folder ? FILES.map((name) => join(folder, name)) : []),
  ];
}

/** The directory and those above it up to the root of its repository, the outermost first. */
async function foldersAbove(directory: string): Promise<readonly string[]> {
  const folders: string[] = [];
  for (let at = directory; folders.length < DEEPEST; at = dirname(at)) {
    folders.unshift(at);
    const isRoot = await lstat(join(at, ".git")).then(
      () => true,
      () => false,
    );
    if (isRoot || dirname(at) === at) break;
  }
  return folders;
}

async function textOf(path: string): Promise<string> {
  try {
    const file = await openRegularFile(path);
    try {
      const { size } = await file.stat();
      return size > LONGEST_BYTES ? "" : await file.readFile("utf8");
    } finally {
      await file.close();
    }
  } catch {
    return "";
  }
}

async function addServers(isOn: Map<string, boolean>, text: string): Promise<void> {
  if (!text.includes('"mcp"')) return;
  const { parse } = await import("jsonc-parser");
  for (const [name, on] of serversIn(parse(text, [], { allowTrailingComma: true }))) isOn.set(name, on);
}

/** The MCP servers of a configuration, whole as opencode gives it, with whether they are on. */
export function serversIn(config: unknown): ReadonlyMap<string, boolean> {
  const mcp = isFields(config) ? config.mcp : undefined;
  if (!isFields(mcp)) return new Map();
  // A configuration of opencode 2 has them one level deeper; it takes one of 1.x as well.
  const { servers } = mcp;
  const named = isFields(servers) && typeof servers.type !== "string" ? servers : mcp;
  return new Map(Object.entries(named).map(([name, server]) => [name, !isOff(server)]));
}

function isOff(server: unknown): boolean {
  return isFields(server) && (server.enabled === false || server.disabled === true);
}
