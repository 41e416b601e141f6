import { composeConfig, configContent, type McpServer, promptNeedsFile } from "./compose-config.js";
import type { RunFolder } from "./run-folder.js";

/** What a request wants in opencode's configuration. */
export interface ConfigSpec {
  readonly agent?: string | undefined;
  readonly systemPrompt?: string | undefined;
  readonly mcp?: readonly McpServer[] | undefined;
}

/**
 * What is wrong with a configuration is told before anything is started, a question for the version included.
 *
 * @throws {RunRequestError} when the configuration cannot be handed over
 */
export function refuseUnfitConfig(
  { agent, systemPrompt, mcp }: ConfigSpec,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  // A long prompt goes into a file, so its name stands for it.
  const prompt = systemPrompt === undefined ? undefined : { file: "system-prompt.txt" };
  const { config } = composeConfig({ agent, systemPrompt: prompt, mcp });
  if (config) configContent(config, environment.OPENCODE_CONFIG_CONTENT);
}

/**
 * Everything that a start of opencode needs for a request, with files in the run's folder where the environment has no
 * room.
 *
 * @returns the text for OPENCODE_CONFIG_CONTENT, null when there is nothing to say; and the agent to run with,
 * undefined for
 *   opencode's default
 * @throws {RunRequestError} when the configuration cannot be handed over
 */
export async function prepareConfig(
  { agent, systemPrompt, mcp }: ConfigSpec,
  folder: Pick<RunFolder, "write">,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly configContent: string | null; readonly agent: string | undefined }> {
  const prompt =
    systemPrompt === undefined
      ? undefined
      : promptNeedsFile(systemPrompt)
        ? { file: await folder.write("system-prompt.txt", systemPrompt) }
        : { text: systemPrompt };
  const composed = composeConfig({ agent, systemPrompt: prompt, mcp });
  const content = composed.config ? configContent(composed.config, environment.OPENCODE_CONFIG_CONTENT) : null;
  return { configContent: content, agent: composed.agent };
}
